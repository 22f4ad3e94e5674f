// However the process that started a service ends, the service, the guard and the run folder are gone soon after.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { waitUntil } from '../../stack/wait.ts';

const moduleUrl = (name: string): string =>
  JSON.stringify(new URL(`../../stack/${name}`, import.meta.url).href);

// Ignores the request to end, and has a child that does too.
const stubborn = `
  process.on('SIGTERM', () => {});
  const child = process.argv[1] === 'leaf' ? undefined
    : require('node:child_process').spawn(process.execPath, ['-e', process.env.STUBBORN, 'leaf'], { stdio: 'inherit' });
  if (!child) console.log('both are up');
  setInterval(() => {}, 1000);`;

const parentProgram = `
  import { readFileSync } from 'node:fs';
  import { waitUntil } from ${moduleUrl('wait.ts')};
  import { startGuard } from ${moduleUrl('guard.ts')};
  import { createRunFolder } from ${moduleUrl('run-folder.ts')};
  const guard = await startGuard();
  const { path, logs } = await createRunFolder(guard, false);
  const env = { STUBBORN: ${JSON.stringify(stubborn)} };
  const common = { command: process.execPath, log: logs + '/service.log', env, graceMs: 300 };
  const services = [
    await guard.run({ ...common, args: ['-e', env.STUBBORN] }),
    await guard.run({ ...common, args: ['-e', 'setInterval(() => {}, 1000)'], last: true }),
  ];
  await waitUntil(() => readFileSync(common.log, 'utf8').includes('both are up'), { what: 'up', timeoutMs: 10_000 });
  console.log(JSON.stringify({ path, pids: [guard.pid, ...services.map(({ pid }) => pid)] }));
  process.stdin.once('data', () => process.exit(1));`;

interface Started {
  readonly path: string;
  readonly pids: readonly number[];
}

/** Whether a process is there; one that has ended and waits to be collected is not. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

/** Whether any process is left in the group of a service. */
function isGroupAlive(pid: number): boolean {
  try {
    process.kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
}

// Most of the time is waiting for processes to end.
test.concurrent.each(['exit', 'SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
  'a parent that ends by %s',
  async (way) => {
    const parent = spawn(process.execPath, ['--input-type=module', '-e', parentProgram], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
    const { path, pids } = JSON.parse(line) as Started;
    expect(pids.map(isAlive)).toEqual([true, true, true]);
    expect(existsSync(path)).toBe(true);

    const ended = once(parent, 'exit');
    if (way === 'exit') parent.stdin.write('now');
    else parent.kill(way);
    await ended;

    const services = pids.slice(1);
    await waitUntil(() => !pids.some(isAlive) && !services.some(isGroupAlive), {
      what: 'guard and services are gone',
      timeoutMs: 10_000,
    });
    expect(existsSync(path)).toBe(false);
  },
);
