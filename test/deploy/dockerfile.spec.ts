import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { DockerfileParser, type From, type Instruction } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';

const TEXT = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8');

/** What an instruction says, in one line. */
const said = (instruction: Instruction): string =>
  (instruction.getRawArgumentsContent() ?? '').replaceAll(/\\\n/g, ' ').replaceAll(/\s+/g, ' ');

/** Rules of hadolint, by their numbers: what they find in a Dockerfile. DL3008 is left out: Debian keeps no version but the newest. */
function lint(text: string): string[] {
  const parsed = DockerfileParser.parse(text);
  const all = parsed.getInstructions();
  const of = (keyword: string): Instruction[] => all.filter((each) => each.getKeyword() === keyword);
  const froms = parsed.getFROMs();
  const stages = froms.map((from: From) => from.getBuildStage()).filter((name) => name !== null);
  const runs = of('RUN').map(said);
  const lastStage = all.slice(all.findLastIndex((each) => each.getKeyword() === 'FROM'));
  const user = lastStage.findLast((each) => each.getKeyword() === 'USER');
  const aptGets = runs.filter((run) => run.includes('apt-get install'));
  const found: Record<string, boolean> = {
    'DL3000, a WORKDIR that is not absolute': of('WORKDIR').some((each) => !said(each).startsWith('/')),
    'DL3002, the last USER is root': user === undefined || /^(0|root)\b/.test(said(user)),
    'DL3003, cd instead of WORKDIR': runs.some((run) => /(^|&& ?)cd /.test(run)),
    'DL3004, sudo': runs.some((run) => /\bsudo\b/.test(run)),
    'DL3006, an image without a tag': froms.some(
      (from: From) => !stages.includes(from.getImageName()!) && !from.getImageTag() && !from.getImageDigest(),
    ),
    'DL3007, the tag latest': froms.some((from: From) => from.getImageTag() === 'latest'),
    'DL3009, lists of apt-get that are left': aptGets.some((run) => !run.includes('rm -rf /var/lib/apt/lists')),
    'DL3014, apt-get install that asks': aptGets.some((run) => !/ (-y|--yes|-qq)\b/.test(run)),
    'DL3015, what apt-get only recommends': aptGets.some((run) => !run.includes('--no-install-recommends')),
    'DL3020, ADD of a file': of('ADD').some((each) => !/^https?:|\.tar|\.tgz/.test(said(each))),
    'DL3022, a COPY --from of no stage': parsed
      .getCOPYs()
      .map((copy) => copy.getFromFlag()?.getValue())
      .some((from) => from && !stages.includes(from)),
    'DL3024, two stages of one name': new Set(stages).size < stages.length,
    'DL3025, a CMD or ENTRYPOINT in no JSON': [...of('CMD'), ...of('ENTRYPOINT')].some(
      (each) => !said(each).startsWith('['),
    ),
    'DL3027, apt instead of apt-get': runs.some((run) => /(^|&& ?)apt /.test(run)),
    'DL4000, MAINTAINER': of('MAINTAINER').length > 0,
    'DL4003, several CMD': lastStage.filter((each) => each.getKeyword() === 'CMD').length > 1,
    'DL4004, several ENTRYPOINT': lastStage.filter((each) => each.getKeyword() === 'ENTRYPOINT').length > 1,
    'DL4006, a pipe without pipefail': runs.some((run) => run.includes(' | ')),
  };
  return Object.keys(found).filter((rule) => found[rule]);
}

describe('the Dockerfile, linted', () => {
  it('is one that the builder takes', () => {
    expect(validate(TEXT).map(({ range, message }) => [range.start.line + 1, message])).toEqual([]);
    expect(validate('FROM node:24\nRUNS ls\nEXPOSE port\n')).toHaveLength(2);
  });

  it('keeps the rules of hadolint', () => {
    expect(lint(TEXT)).toEqual([]);
  });

  it('would be told of each that it breaks', () => {
    const bad = `FROM node AS one
FROM node:latest AS one
MAINTAINER me
WORKDIR app
ADD file .
COPY --from=two /a /b
RUN cd /tmp && sudo apt-get install curl | cat
RUN echo && apt install curl
CMD node
CMD ["node"]
ENTRYPOINT ["a"]
ENTRYPOINT ["b"]
USER root
`;
    expect(lint(bad).map((rule) => rule.slice(0, 6))).toEqual(
      '3000 3002 3003 3004 3006 3007 3009 3014 3015 3020 3022 3024 3025 3027 4000 4003 4004 4006'
        .split(' ')
        .map((number) => `DL${number}`),
    );
  });
});
