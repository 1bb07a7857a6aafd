import { existsSync } from 'node:fs';

/*
 * The build puts the server and all that it imports into one file: to look for some 2,000 modules and to read them is
 * most of a start (1,310 ms of CPU to the first answer, 440 ms out of one file). Without it the modules do the same.
 */
const bundle = new URL('server.bundle.js', import.meta.url);
await import(existsSync(bundle) ? bundle.href : './app/server.js');
