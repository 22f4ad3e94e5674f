// What the stack says when the machine lacks something.
import { describe, expect, test } from 'vitest';
import { StackRequirementError } from '../../stack/errors.ts';
import { findJava, findMaven, findPython, requireAll, type Ask } from '../../stack/requirements.ts';

/** A machine on which these programs print these things. */
const machine =
  (programs: Readonly<Record<string, string>>): Ask =>
  (program) =>
    programs[program];

const python = (version: string, isRecent: boolean, hasVenv: boolean): string =>
  [
    version,
    isRecent ? 'True' : 'False',
    hasVenv ? 'True' : 'False',
    `/opt/${version}/bin/python`,
    `/opt/${version}`,
  ].join('\n');

const java = (version: string): string =>
  `Property settings:\n    java.home = /opt/jdk\n    java.specification.version = ${version}\n    java.vm.version = ${version}.0.3+4`;

describe('Python', () => {
  test('is python3 on PATH if that will do', () => {
    const ask = machine({
      python3: python('3.12', true, true),
      '/usr/bin/python3': python('3.11', true, true),
    });
    expect(findPython(ask)).toEqual({
      found: { program: '/opt/3.12/bin/python', version: '3.12', prefix: '/opt/3.12' },
    });
  });

  test.each([
    ['has no ensurepip', python('3.11', true, false)],
    ['is too old', python('3.9', false, true)],
  ])('is another one if python3 on PATH %s', (_why, first) => {
    const ask = machine({ python3: first, 'python3.13': python('3.13', true, true) });
    expect(findPython(ask)).toMatchObject({ found: { version: '3.13' } });
  });

  test.each([
    [
      'missing',
      {},
      'Synapse needs Python 3.10 or later with venv, and there is no python3 on PATH: install it (Debian, Ubuntu: apt install python3-venv).',
    ],
    [
      'too old',
      { python3: python('3.9', false, true) },
      'Synapse needs Python 3.10 or later, and python3 is 3.9: install a newer one and put it first on PATH.',
    ],
    [
      'without ensurepip',
      { python3: python('3.11', true, false) },
      "Synapse is installed with Python's venv and ensurepip, which python3 (3.11) lacks: install them (Debian, Ubuntu: apt install python3-venv).",
    ],
  ])('%s', (_why, programs, problem) => {
    expect(findPython(machine(programs))).toEqual({ problem });
  });
});

describe('Java', () => {
  const mend = 'install a JDK (Debian, Ubuntu: apt install default-jdk-headless).';
  const find = (programs: Readonly<Record<string, string>>, hasCompiler = true, home?: string): unknown =>
    findJava({ compiler: true }, machine(programs), () => hasCompiler, home);

  test.each(['17', '21', '25'])('%s will do', (version) => {
    expect(find({ java: java(version) })).toEqual({
      found: { program: '/opt/jdk/bin/java', home: '/opt/jdk', version: `${version}.0.3+4` },
    });
  });

  test('is that of JAVA_HOME first', () => {
    expect(find({ '/opt/own/bin/java': java('21') }, true, '/opt/own')).toHaveProperty('found');
  });

  test.each([
    ['missing', find({}), `The FHIR server needs Java 17 or later, and there is no java on PATH: ${mend}`],
    [
      'missing in JAVA_HOME',
      find({ java: java('17') }, true, '/opt/own'),
      `The FHIR server needs Java 17 or later, and JAVA_HOME (/opt/own/bin/java) has none: ${mend}`,
    ],
    [
      'too old',
      find({ java: java('1.8') }),
      `The FHIR server needs Java 17 or later, and /opt/jdk is 8: ${mend}`,
    ],
    [
      'without compiler',
      find({ java: java('17') }, false),
      `Building the FHIR server needs a Java compiler, and /opt/jdk has none: ${mend}`,
    ],
  ])('%s', (_why, found, problem) => {
    expect(found).toEqual({ problem });
  });

  test('needs no compiler once the server is built', () => {
    expect(findJava({ compiler: false }, machine({ java: java('17') }), () => false, '')).toHaveProperty(
      'found',
    );
  });
});

test('Maven missing', () => {
  expect(findMaven(machine({}))).toEqual({
    problem:
      'Building the FHIR server needs Maven, and there is no mvn on PATH: install it (Debian, Ubuntu: apt install maven).',
  });
});

test('everything that is missing is said at once, one sentence a line', () => {
  expect(() => {
    requireAll([{ found: 1 }, { problem: 'No A.' }, { problem: 'No B.' }]);
  }).toThrow(new StackRequirementError(['No A.', 'No B.']));
});
