# The server and its command in one image: `docker build -t atome-sync .`, then `docker run -p 3001:3001 -v data:/data …`
# Settings are variables, see docs/operations.md.

# not slim: where no ready-made better-sqlite3 can be had, it is compiled
FROM node:24-bookworm AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY client/package.json client/
COPY client/console/package.json client/console/
RUN npm ci
COPY build.mjs bundle.mjs tsconfig.json ./
COPY client client
COPY src src
RUN npm run build
# what the server can use beside what it needs: its drivers, NATS, metrics and the documentation, as the lock has them
RUN npm prune --omit=dev && npm install --no-save --save-prod --omit=dev $(node -p "const { packages } = require('./package-lock.json'); \
    ['better-sqlite3', 'pg', 'prom-client', '@nats-io/transport-node', '@nestjs/swagger'] \
    .map((name) => name + '@' + packages['node_modules/' + name].version).join(' ')")
# a volume takes over whose the folder is
RUN install -d -o 1000 -g 1000 -m 700 /data

FROM node:24-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3001 DATABASE_URL=sqlite:/data/atome.sqlite
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/package.json ./
COPY --from=build /app/dist dist
COPY --from=build /app/client/package.json client/
COPY --from=build /app/client/async-docs client/async-docs
COPY --from=build /app/client/console/dist client/console/dist
COPY --from=build /app/client/examples client/examples
COPY --from=build /app/client/dist client/dist
COPY --from=build --chown=1000:1000 /data /data
RUN apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/*
RUN ln -s /app/dist/cli/atome-sync.js /usr/local/bin/atome-sync && chmod +x dist/cli/atome-sync.js
USER 1000:1000
VOLUME /data
EXPOSE 3001
# the root file system may be read-only: nothing is written but in /data
HEALTHCHECK --interval=10s --timeout=2s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health/live').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
# SIGTERM drains, a second one ends it at once; until the first file of the server runs, Node as the first process would lose it
ENTRYPOINT ["tini", "--", "node", "/app/dist/cli/atome-sync.js"]
CMD ["serve"]
