// The scanners: clamd over its real protocol, and a command; what is no verdict never counts as one.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createScan, type ScannerOptions } from '../../src/files/scanners.ts';
import { FileRefused } from '../../src/files/refused.ts';
import type { ByteStream } from '../../src/net/http.ts';
import { pieces, streamOf } from '../builders/bytes.ts';
import { EICAR, startClamd, type ClamdBehaviour } from '../builders/clamd.ts';

const { signal } = new AbortController();
const scanner = (over: Partial<ScannerOptions>) =>
  createScan({ scanner: 'clamd', scanTimeoutMs: 5_000, ...over });
const serveClamd = async (behaviour: ClamdBehaviour = {}) => {
  const clamd = await startClamd(behaviour);
  onTestFinished(clamd.stop);
  return clamd;
};
const noVerdict = { code: 'scanner-unavailable' };

async function* breakingOff(): ByteStream {
  await Promise.resolve();
  yield Buffer.from('the beginning');
  throw new FileRefused('too-large');
}

describe('clamd', () => {
  test('is given the whole file in chunks, and finds it clean', async () => {
    const { address, scanned } = await serveClamd();
    const file = randomBytes(300_000);
    const scan = scanner({ clamdAddress: address });
    expect(await scan(streamOf(file, 7_001), signal)).toBe('clean');
    expect(scanned.map((bytes) => bytes.equals(file))).toEqual([true]);
    expect(await scan(streamOf(''), signal)).toBe('clean');
  });

  test('finds malware, also when it stands across two chunks', async () => {
    const { address } = await serveClamd();
    const file = Buffer.concat([randomBytes(10_000), Buffer.from(EICAR), randomBytes(10_000)]);
    expect(await scanner({ clamdAddress: address })(streamOf(file, 10_020), signal)).toBe('infected');
  });

  test('may listen on a socket', async () => {
    const path = join(tmpdir(), `clamd-${randomBytes(4).toString('hex')}.sock`);
    await serveClamd({ path });
    expect(await scanner({ clamdAddress: path })(streamOf(EICAR), signal)).toBe('infected');
  });

  test.each([
    ['the file is larger than it takes', { streamMaxLength: 1_000 }],
    ['it answers with an error', { answers: 'INSTREAM: Allocation failure ERROR\0' }],
    ['its answer only ends like a verdict', { answers: 'stream: OK\0 ERROR' }],
    ['it hangs up without a word', { answers: '' }],
    ['it never answers', { answers: 'silent' }],
  ])('gives no verdict when %s', async (_, behaviour) => {
    const { address } = await serveClamd(behaviour);
    const scan = scanner({ clamdAddress: address, scanTimeoutMs: 500 });
    await expect(scan(pieces(200, 65_536), signal)).rejects.toMatchObject(noVerdict);
  });

  test('gives no verdict when it is not there', async () => {
    const scan = scanner({ clamdAddress: '127.0.0.1:9' });
    await expect(scan(streamOf('file'), signal)).rejects.toMatchObject(noVerdict);
  });

  test('does not bury a fault of the file itself', async () => {
    const { address } = await serveClamd();
    await expect(scanner({ clamdAddress: address })(breakingOff(), signal)).rejects.toMatchObject({
      reason: 'too-large',
    });
  });
});

describe('a command', () => {
  const commandOf = (script: string) =>
    scanner({ scanner: 'command', scanCommand: [process.execPath, '-e', script], scanTimeoutMs: 5_000 });
  const grep = `let all = ''; process.stdin.on('data', (d) => (all += d)).on('end', () => process.exit(all.includes('EICAR') ? 1 : 0))`;

  test('reads the file and says by its exit code what it is', async () => {
    expect(await commandOf(grep)(pieces(50, 65_536), signal)).toBe('clean');
    expect(await commandOf(grep)(streamOf(EICAR), signal)).toBe('infected');
  });

  test('may find something before the end', async () => {
    expect(await commandOf('process.exit(1)')(pieces(500, 65_536), signal)).toBe('infected');
  });

  test('gives no verdict by any other code, when it is killed, takes too long or is not there', async () => {
    for (const script of ['process.exit(2)', `process.kill(process.pid, 'SIGKILL')`])
      await expect(commandOf(script)(streamOf('file'), signal)).rejects.toMatchObject(noVerdict);
    const slow = scanner({
      ...{ scanner: 'command', scanTimeoutMs: 200 },
      scanCommand: [process.execPath, '-e', 'setTimeout(() => process.exit(0), 60000)'],
    });
    await expect(slow(streamOf('file'), signal)).rejects.toMatchObject(noVerdict);
    const missing = scanner({ scanner: 'command', scanCommand: ['/no/such/scanner'] });
    await expect(missing(streamOf('file'), signal)).rejects.toMatchObject(noVerdict);
  });

  test('sees no secret of the bridge in its environment', async () => {
    process.env['BRIDGE_MATRIX_AS_TOKEN'] = 'secret';
    const script = `process.stdin.resume().on('end', () => process.exit(process.env.BRIDGE_MATRIX_AS_TOKEN ? 1 : 0))`;
    expect(await commandOf(script)(streamOf('file'), signal)).toBe('clean');
    delete process.env['BRIDGE_MATRIX_AS_TOKEN'];
  });

  test('does not bury a fault of the file itself', async () => {
    await expect(commandOf(grep)(breakingOff(), signal)).rejects.toMatchObject({ reason: 'too-large' });
  });
});

test('without a scanner the file is only read', async () => {
  expect(await scanner({ scanner: 'off' })(streamOf(EICAR), signal)).toBe('clean');
});
