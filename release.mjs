/*
 * A release of both packages: `npm run release -- --dry-run` shows what it does, without the network. The version is that of
 * package.json; `npm version <version> --no-git-tag-version --workspaces --include-workspace-root` sets it for both.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const FOLDERS = ['client', '.'];
const PUBLISH = ['publish', '--provenance', '--access', 'public'];
/** What the build that publishes proves with whose it is: one of these sets of variables. */
const IDENTITIES = [['ACTIONS_ID_TOKEN_REQUEST_URL', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN'], ['SIGSTORE_ID_TOKEN']];

const isDry = process.argv.includes('--dry-run');
const say = (line = '') => process.stdout.write(`${line}\n`);
const run = (command, ...args) => execFileSync(command, args, { encoding: 'utf8', maxBuffer: 1e8 });
const packages = FOLDERS.map((folder) => ({
  folder,
  ...JSON.parse(readFileSync(folder === '.' ? 'package.json' : `${folder}/package.json`, 'utf8')),
}));
const { version } = packages.at(-1);
const tag = `v${version}`;

/** The text under a heading of the changelog; undefined where there is none. */
function sectionOf(heading) {
  const [, ...sections] = readFileSync('CHANGELOG.md', 'utf8').split(/^## /m);
  return sections.find((section) => heading.test(section.split('\n', 1)[0]))?.trim();
}

const dated = sectionOf(new RegExp(`^\\[${version.replaceAll('.', '\\.')}\\] - \\d{4}-\\d\\d-\\d\\d$`));

/** Why nothing may be published. */
function obstacles() {
  const found = [];
  for (const { name, version: own } of packages) {
    if (own !== version) found.push(`${name} has the version ${own}, not ${version}: set both with npm version`);
  }
  if (!dated) found.push(`CHANGELOG.md has no section "## [${version}] - <date>": move what is under Unreleased there`);
  if (run('git', 'status', '--porcelain') !== '')
    found.push('the tree is not clean: commit, or put aside, what has changed');
  if (run('git', 'tag', '--list', tag) !== '') found.push(`the tag ${tag} is there already: set the next version`);
  if (!IDENTITIES.some((names) => names.every((name) => process.env[name]))) {
    const names = IDENTITIES.map((each) => each.join(' and ')).join(', or ');
    found.push(
      `there is no identity for the provenance (${names}): let the build publish, with the right to an id token`,
    );
  }
  return found;
}

/** What `npm pack` would put into a package, as it is built now. */
function show({ folder, name, version: own, files = [] }) {
  say(`${name} ${own}: npm ${PUBLISH.join(' ')} (in ${folder})`);
  if (!existsSync(`${folder}/dist`)) return say(`  nothing is built yet: it packs ${files.join(', ')}`);
  const options = { cwd: folder, encoding: 'utf8', maxBuffer: 1e8 };
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts', '--offline'], options),
  );
  say(`  ${packed.entryCount} files, ${packed.size} bytes packed, ${packed.unpackedSize} unpacked:`);
  for (const { path } of packed.files) say(`  ${path}`);
}

const problems = obstacles();
if (isDry) {
  say(`version ${version}, of package.json; tag ${tag}`);
  say(`\nchangelog:\n## ${dated ?? sectionOf(/^\[Unreleased\]$/) ?? ''}\n`);
  packages.forEach(show);
  say(`\ngit tag ${tag}`);
  say(problems.length === 0 ? '\nNothing stands in the way.' : '\nWithout --dry-run it would be refused:');
  problems.forEach((problem) => say(`- ${problem}`));
} else if (problems.length > 0) {
  process.stderr.write(`There is no release:\n${problems.map((problem) => `- ${problem}\n`).join('')}`);
  process.exitCode = 1;
} else {
  for (const { folder } of packages) execFileSync('npm', PUBLISH, { cwd: folder, stdio: 'inherit' });
  run('git', 'tag', tag);
  say(`${tag} is published; push its tag: git push origin ${tag}`);
}
