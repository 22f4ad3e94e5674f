// `npm test`: two strands side by side, as the tests of the whole stack wait more than they work. The first shows its output as it
// comes; of the second, which yields the processors to the first, each step shows its own when it ends. With arguments, they are
// Vitest's alone.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';

interface Step {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
}

const FIRST: readonly Step[] = [{ name: 'end to end', command: vitest('e2e') }];
const SECOND: readonly Step[] = [
  { name: 'types', command: ['npm', 'run', '--silent', 'check:types'] },
  { name: 'lint', command: ['npm', 'run', '--silent', 'check:lint'] },
  { name: 'format', command: ['npm', 'run', '--silent', 'check:format'] },
  { name: 'unit and PostgreSQL', command: vitest('unit', 'postgres') },
  { name: 'faults', command: vitest('faults') },
];
/** https://man7.org/linux/man-pages/man2/getpriority.2.html */
const NICENESS = 5;

const running = new Set<ChildProcess>();
let isInterrupted = false;
// Ctrl-C goes to the steps as well: they clean up after themselves, and this waits for them.
process.on('SIGINT', () => {
  isInterrupted = true;
});
process.on('SIGTERM', () => {
  isInterrupted = true;
  for (const child of running) child.kill('SIGTERM');
});

const began = performance.now();
const only = process.argv.slice(2);
const strands =
  only.length === 0
    ? [inTurn(FIRST, showing), inTurn(SECOND, atItsEnd)]
    : [inTurn([{ name: only.join(' '), command: ['vitest', 'run', ...only] }], showing)];
const failed = (await Promise.all(strands)).flat();
const took = minutesSince(began);
say(failed.length === 0 ? `all passed in ${took}` : `failed after ${took}: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;

/** @returns the names of those that failed */
async function inTurn(
  steps: readonly Step[],
  run: (step: Step) => Promise<boolean>,
): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const step of steps) {
    if (isInterrupted) return [...failed, `${step.name} (not run)`];
    say(`${step.name}: begins`);
    const since = performance.now();
    const isGood = await run(step);
    say(`${step.name}: ${isGood ? 'passed' : 'failed'} in ${minutesSince(since)}`);
    if (!isGood) failed.push(step.name);
  }
  return failed;
}

async function showing({ command: [program, ...args] }: Step): Promise<boolean> {
  return ends(spawn(program, args, { stdio: 'inherit' }));
}

async function atItsEnd({ name, command: [program, ...args] }: Step): Promise<boolean> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  if (child.pid !== undefined) setPriority(child.pid, NICENESS);
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => output.push(data));
  const isGood = await ends(child);
  process.stdout.write(`\n[tests] ${name}:\n${Buffer.concat(output).toString()}\n`);
  return isGood;
}

async function ends(child: ChildProcess): Promise<boolean> {
  running.add(child);
  await once(child, 'close');
  running.delete(child);
  return child.exitCode === 0;
}

function vitest(...projects: readonly string[]): Step['command'] {
  return ['vitest', 'run', ...projects.flatMap((project) => ['--project', project])];
}

function minutesSince(since: number): string {
  const seconds = Math.round((performance.now() - since) / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

function say(line: string): void {
  process.stdout.write(`[tests] ${line}\n`);
}
