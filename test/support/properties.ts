import fc from 'fast-check';

const { PROPERTY_SEED } = process.env;
// each run tries other inputs, so that many runs try many; a build that decides over a change must be repeatable
if (PROPERTY_SEED !== undefined) fc.configureGlobal({ seed: Number(PROPERTY_SEED) });

export default fc;
