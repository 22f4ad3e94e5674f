// The Dockerfile keeps the rules that docs/reference/image.md states.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

interface Instruction {
  readonly name: string;
  readonly rest: string;
}
interface Stage {
  readonly base: string;
  readonly name: string;
  readonly instructions: readonly Instruction[];
}

const read = (path: string): Promise<string> =>
  readFile(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');

const text = await read('Dockerfile');
const instructions = parseDockerfile(text);
const stages = stagesOf(instructions);
const runtime = stages.at(-1);
const given = (name: string): string[] =>
  (runtime?.instructions ?? []).filter((it) => it.name === name).map(({ rest }) => rest);

/** Instructions with comments removed and continued lines joined. Enough for a file without here-documents. */
function parseDockerfile(content: string): Instruction[] {
  const joined = content.replace(/^\s*#.*\n/gm, '').replace(/\\\n\s*/g, '');
  return joined
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(line.trim()) ?? [];
      return { name, rest };
    });
}

function stagesOf(all: readonly Instruction[]): Stage[] {
  const found: { base: string; name: string; instructions: Instruction[] }[] = [];
  for (const instruction of all) {
    if (instruction.name === 'FROM') {
      const [, base = '', name = ''] = /^(\S+) AS (\S+)$/.exec(instruction.rest) ?? [];
      found.push({ base, name, instructions: [] });
    } else {
      found.at(-1)?.instructions.push(instruction);
    }
  }
  return found;
}

describe('stages', () => {
  test('are the four, the last being what runs', () => {
    expect(stages.map(({ name }) => name)).toEqual(['deps', 'build', 'prod-deps', 'runtime']);
  });

  test('stand on one base, which is an argument with a full version and no latest', () => {
    expect(new Set(stages.map(({ base }) => base))).toEqual(new Set(['${NODE_IMAGE}', 'deps']));
    expect(instructions[0]).toEqual({
      name: 'ARG',
      rest: expect.stringMatching(
        /^NODE_IMAGE=docker\.io\/library\/node:24\.\d+\.\d+-[a-z]+-slim$/,
      ) as string,
    });
  });

  test('the lockfile comes before the sources, so that a change of code installs nothing', () => {
    const [deps] = stages;
    const copies = deps?.instructions.filter(({ name }) => name === 'COPY').map(({ rest }) => rest);
    expect(copies).toEqual(['package.json package-lock.json ./']);
  });

  test('packages come from the lockfile, without install scripts; what runs has no development package', () => {
    const installs = instructions
      .filter(({ rest }) => /\bnpm (ci|i|install)\b/.test(rest))
      .map(({ rest }) => rest);
    expect(installs).toHaveLength(2);
    for (const install of installs) expect(install).toMatch(/npm ci .*--ignore-scripts/);
    expect(installs[1]).toContain('--omit=dev');
  });
});

describe('what runs', () => {
  test('has no root: a user and a group by number', () => {
    expect(given('USER')).toEqual(['10001:10001']);
  });

  test('nothing is copied after the change of user, nor given to it', () => {
    const names = runtime?.instructions.map(({ name }) => name) ?? [];
    expect(names.lastIndexOf('COPY')).toBeLessThan(names.indexOf('USER'));
    expect(given('COPY').join('\n')).not.toContain('--chown');
  });

  test('holds the program, migrations, production packages, manifest and licence, and no more', () => {
    expect(given('COPY')).toEqual([
      '--from=prod-deps /app/node_modules ./node_modules',
      '--from=build /app/package.json /app/LICENSE ./',
      '--from=build /app/migrations ./migrations',
      '--from=build /app/dist ./dist',
    ]);
  });

  test('starts without a shell and without npm, so that signals arrive', async () => {
    const manifest = JSON.parse(await read('package.json')) as { bin: Record<string, string> };
    const entry: unknown = JSON.parse(given('ENTRYPOINT')[0] ?? '');
    expect(entry).toEqual(['node', manifest.bin['fhir-matrix-bridge']]);
    expect(JSON.parse(given('CMD')[0] ?? '')).toEqual(['run']);
    expect(given('STOPSIGNAL')).toEqual(['SIGTERM']);
  });

  test('checks its health without curl and without a shell', () => {
    const [, command = ''] = /CMD (\[.*\])$/.exec(given('HEALTHCHECK')[0] ?? '') ?? [];
    expect(JSON.parse(command)).toEqual(['node', 'dist/cli/index.js', 'healthcheck']);
  });

  test('is a production environment and names its port', () => {
    expect(given('ENV')).toContain('NODE_ENV=production');
    expect(given('EXPOSE')).toEqual(['3000']);
  });

  test.each(['title', 'description', 'licenses', 'version', 'revision'])('has the label %s', (label) => {
    expect(given('LABEL').join(' ')).toContain(`org.opencontainers.image.${label}=`);
  });

  test('the version is that of the package', async () => {
    const manifest = JSON.parse(await read('package.json')) as { version: string };
    expect(given('ARG')).toContain(`VERSION=${manifest.version}`);
  });
});

describe('the whole file', () => {
  test('has no ADD, curl, wget, sudo, apt, here-document or latest', () => {
    expect(instructions.map(({ name }) => name)).not.toContain('ADD');
    for (const { name, rest } of instructions) {
      if (name === 'RUN') expect(rest).not.toMatch(/\b(curl|wget|sudo|apt|apt-get)\b|<</);
    }
    expect(text).not.toMatch(/:latest/);
  });

  test('takes no secret as an argument', () => {
    for (const { name, rest } of instructions) {
      if (name === 'ARG' || name === 'ENV') expect(rest).not.toMatch(/token|password|secret|key/i);
    }
  });
});

describe('.dockerignore', () => {
  test('lets through what the build copies, and nothing else', async () => {
    const lines = (await read('.dockerignore'))
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(lines[0]).toBe('*');
    const allowed = lines.slice(1).map((line) => line.replace(/^!/, ''));
    const copied = stages
      .flatMap((stage) => stage.instructions)
      .filter(({ name, rest }) => name === 'COPY' && !rest.startsWith('--from'))
      .flatMap(({ rest }) => rest.split(' ').slice(0, -1));
    expect(new Set(allowed)).toEqual(new Set(copied));
  });
});
