// What the machine must have for the stack: Python for Synapse, Java and Maven for the FHIR server.
// Each check answers with what was found, or with one sentence that says what is expected and how to mend it.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StackRequirementError } from './errors.ts';

/** Runs a program and returns what it prints on both outputs, or undefined if it is not there or fails. */
export type Ask = (program: string, args: readonly string[]) => string | undefined;

/** A Python that can make virtual environments. */
export interface Python {
  readonly program: string;
  readonly version: string;
  /** Where its installation is; a virtual environment depends on it. */
  readonly prefix: string;
}

/** A Java installation. */
export interface Java {
  readonly program: string;
  readonly home: string;
  /** Of the virtual machine, to the last digit. */
  readonly version: string;
}

/** What a check finds. */
export type Found<T> = { readonly found: T } | { readonly problem: string };

const PYTHON_MINOR = 10;
const JAVA_VERSION = 17;
const DESCRIBE_PYTHON =
  'import sys, importlib.util as u; ' +
  'print("%d.%d" % sys.version_info[:2], sys.version_info >= (3, 10), ' +
  'all(u.find_spec(m) for m in ("venv", "ensurepip")), sys.executable, sys.base_prefix, sep="\\n")';

/** The first of `python3` on PATH, Debian's and the numbered ones that is new enough and has venv with pip. */
export function findPython(ask: Ask = askSystem): Found<Python> {
  const numbered = [14, 13, 12, 11, 10].map((minor) => `python3.${minor}`);
  let nearest: string | undefined;
  for (const name of ['python3', '/usr/bin/python3', ...numbered]) {
    const [version, isRecent, hasVenv, program, prefix] =
      ask(name, ['-c', DESCRIBE_PYTHON])?.split('\n') ?? [];
    if (version === undefined || program === undefined || prefix === undefined) continue;
    if (isRecent === 'True' && hasVenv === 'True') return { found: { program, version, prefix } };
    nearest ??=
      isRecent === 'True'
        ? `Synapse is installed with Python's venv and ensurepip, which ${name} (${version}) lacks: install them (Debian, Ubuntu: apt install python3-venv).`
        : `Synapse needs Python 3.${PYTHON_MINOR} or later, and ${name} is ${version}: install a newer one and put it first on PATH.`;
  }
  return {
    problem:
      nearest ??
      `Synapse needs Python 3.${PYTHON_MINOR} or later with venv, and there is no python3 on PATH: install it (Debian, Ubuntu: apt install python3-venv).`,
  };
}

/** The Java of JAVA_HOME or else of PATH; with its compiler if the FHIR server is yet to be built. */
export function findJava(
  needs: { readonly compiler: boolean },
  ask: Ask = askSystem,
  exists: (path: string) => boolean = existsSync,
  javaHome: string | undefined = process.env['JAVA_HOME'],
): Found<Java> {
  const mend = `install a JDK (Debian, Ubuntu: apt install default-jdk-headless)`;
  const program = javaHome === undefined || javaHome === '' ? 'java' : join(javaHome, 'bin/java');
  const settings = ask(program, ['-XshowSettings:properties', '-version']) ?? '';
  const version = /java\.specification\.version = (?:1\.)?(\d+)/.exec(settings)?.[1];
  const home = /java\.home = (.+)/.exec(settings)?.[1]?.trim();
  if (version === undefined || home === undefined) {
    const place = program === 'java' ? 'there is no java on PATH' : `JAVA_HOME (${program}) has none`;
    return { problem: `The FHIR server needs Java ${JAVA_VERSION} or later, and ${place}: ${mend}.` };
  }
  if (Number(version) < JAVA_VERSION)
    return {
      problem: `The FHIR server needs Java ${JAVA_VERSION} or later, and ${home} is ${version}: ${mend}.`,
    };
  if (needs.compiler && !exists(join(home, 'bin/javac')))
    return { problem: `Building the FHIR server needs a Java compiler, and ${home} has none: ${mend}.` };
  const exact = /java\.vm\.version = (.+)/.exec(settings)?.[1]?.trim() ?? version;
  return { found: { program: join(home, 'bin/java'), home, version: exact } };
}

/** Maven, which builds the FHIR server. */
export function findMaven(ask: Ask = askSystem): Found<string> {
  if (ask('mvn', ['--version']) !== undefined) return { found: 'mvn' };
  return {
    problem:
      'Building the FHIR server needs Maven, and there is no mvn on PATH: install it (Debian, Ubuntu: apt install maven).',
  };
}

/** Throws one `StackRequirementError` naming everything that is missing. */
export function requireAll(checks: readonly Found<unknown>[]): void {
  const problems = checks.flatMap((check) => ('problem' in check ? [check.problem] : []));
  if (problems.length > 0) throw new StackRequirementError(problems);
}

/** What a check found; throws if it found nothing. */
export function required<T>(check: Found<T>): T {
  if ('problem' in check) throw new StackRequirementError([check.problem]);
  return check.found;
}

function askSystem(program: string, args: readonly string[]): string | undefined {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 30_000 });
  return status === 0 ? `${stdout}${stderr}`.trim() : undefined;
}
