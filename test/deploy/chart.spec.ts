import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { load, loadAll } from 'js-yaml';
import { renderTemplate } from '../support/helm-chart.js';

const folder = fileURLToPath(new URL('../../deploy/helm', import.meta.url));
const read = (path: string): string => readFileSync(`${folder}/${path}`, 'utf8');

interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: unknown }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly securityContext: object;
  readonly [probe: `${string}Probe`]: { readonly httpGet: { readonly port: string } };
}

interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  // each kind has its own
  readonly spec: Record<string, unknown>;
}

/** What Kubernetes would be given, with some values in the place of those of the chart. */
function render(changed: Record<string, unknown> = {}): Resource[] {
  const values = { ...(load(read('values.yaml')) as object), ...changed };
  const chart = load(read('Chart.yaml')) as { appVersion: string };
  const root = { Values: values, Chart: { AppVersion: chart.appVersion }, Release: { Name: 'sync' } };
  return ['workload', 'network'].flatMap(
    (name) => loadAll(renderTemplate(read(`templates/${name}.yaml`), root)) as Resource[],
  );
}

const podOf = ({ spec }: Resource) =>
  (spec.template as { spec: { containers: [Container]; securityContext: object } }).spec;
const kindsOf = (resources: readonly Resource[]): string[] => resources.map(({ kind }) => kind).sort();
const ALL = {
  serviceMonitor: { enabled: true, interval: '15s' },
  ingress: { enabled: true, className: 'nginx', host: 'sync.example', annotations: { a: 'b' }, tlsSecret: 'tls' },
};

describe('the chart, rendered', () => {
  it('has what is asked for, and nothing else', () => {
    const usual = ['Deployment', 'HorizontalPodAutoscaler', 'Job', 'PodDisruptionBudget', 'Service'];
    expect(kindsOf(render())).toEqual(usual);
    expect(kindsOf(render(ALL))).toEqual([...usual, 'Ingress', 'ServiceMonitor'].sort());
    const few = { settings: {}, autoscaling: { enabled: false } };
    expect(kindsOf(render(few))).toEqual(['Deployment', 'PodDisruptionBudget', 'Service']);
    expect(render(few).find(({ kind }) => kind === 'Deployment')!.spec.replicas).toBe(2);
  });

  it('is what Kubernetes takes', async () => {
    const own = render(ALL).filter(({ kind }) => kind !== 'ServiceMonitor');
    expect(own).toHaveLength(6);
    for (const resource of own) {
      type Model = new (of: object) => { validate(): void };
      const models = (await import(`kubernetes-models/${resource.apiVersion}`)) as Record<string, Model>;
      expect(() => new models[resource.kind]!(resource).validate()).not.toThrow();
      const { spec: _spec, ...lacking } = resource;
      expect(() => new models[resource.kind]!({ ...lacking, spec: 'none' }).validate()).toThrow('spec');
    }
  });

  it('runs servers and migrations as nobody, on a file system that only reads', () => {
    const pods = render().filter(({ kind }) => ['Deployment', 'Job'].includes(kind));
    expect(pods).toHaveLength(2);
    for (const pod of pods.map(podOf)) {
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      });
      const [{ securityContext, env, image }] = pod.containers;
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(image).toMatch(/^atome-sync:\d+\.\d+\.\d+$/);
      // Kubernetes takes texts alone
      for (const { name, value } of env) expect([name, typeof value]).toEqual([name, 'string']);
    }
  });

  it('leads each port to one that there is, and what it is told of to the servers', () => {
    const resources = render(ALL);
    const of = (kind: string): Resource => resources.find((each) => each.kind === kind)!;
    const [server] = podOf(of('Deployment')).containers;
    const ports = server.ports!.map(({ name }) => name);
    const offered = of('Service').spec.ports as { name: string; targetPort: string }[];
    expect(offered.map(({ targetPort }) => targetPort)).toEqual(ports);
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'] as const)
      expect(ports).toContain(server[probe]!.httpGet.port);
    const labels = (of('Deployment').spec.template as { metadata: { labels: object } }).metadata.labels;
    for (const kind of ['Service', 'PodDisruptionBudget', 'ServiceMonitor', 'Deployment']) {
      const { selector } = of(kind).spec as { selector: { matchLabels?: object } };
      expect([kind, selector.matchLabels ?? selector]).toEqual([kind, labels]);
    }
    expect(of('HorizontalPodAutoscaler').spec.scaleTargetRef).toMatchObject({ name: of('Deployment').metadata.name });
  });

  const hasHelm = spawnSync('helm', ['version']).status === 0;
  // where Helm is not installed, only as much of it as the chart uses is there
  (hasHelm ? it : it.skip)('is what Helm makes of it', () => {
    const { stdout, stderr } = spawnSync('helm', ['template', 'sync', folder], { encoding: 'utf8' });
    const made = loadAll(stdout) as Resource[];
    const sorted = (resources: readonly Resource[]): Resource[] =>
      [...resources].sort((one, other) => (one.kind < other.kind ? -1 : 1));
    expect({ stderr, made: sorted(made) }).toEqual({ stderr: '', made: sorted(render()) });
  });
});
