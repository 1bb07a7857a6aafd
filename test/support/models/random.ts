export { randomFrom } from '../../../src/cli/seeded-random.js';
