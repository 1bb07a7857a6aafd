import { createRequire } from 'node:module';

/** Version of this package. */
export const VERSION = (createRequire(import.meta.url)('../package.json') as { version: string }).version;

/** The folder of this package. Found from this file, which lies one below it as source, as build and in the bundle. */
export const PACKAGE_FOLDER = new URL('../', import.meta.url);
