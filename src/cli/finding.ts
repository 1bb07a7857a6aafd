/** ok: as it should be; note: to be known; wrong: to be mended. */
export type Level = 'ok' | 'note' | 'wrong';

/** Says what `doctor` has found. */
export type Tell = (level: Level, about: string, sentence: string) => void;
