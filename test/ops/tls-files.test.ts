// A listener with TLS: its certificate is renewed while it runs, half a renewal harms nobody, and a missing file ends the start.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { once } from 'node:events';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startHttpServer } from '../../src/ops/http-server.ts';
import { createAuthority } from '../builders/certificates.ts';
import { recordingLog } from '../builders/log.ts';

const authority = createAuthority();

async function folder() {
  const dir = await mkdtemp(join(tmpdir(), 'tls-files-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  return { certFile: join(dir, 'crt'), keyFile: join(dir, 'key'), lookEveryMs: 5 };
}

/** The name on the certificate that a new connection is shown. */
async function shownAt(port: number): Promise<string | undefined> {
  const socket = connect({ host: '127.0.0.1', port, ca: authority.cert });
  await once(socket, 'secureConnect');
  const shown = socket.getPeerX509Certificate()?.subject;
  socket.destroy();
  return shown;
}

test('a new certificate is shown as soon as it and its key stand in the files', async () => {
  const files = await folder();
  const [log, old, renewed] = [
    recordingLog(),
    authority.issue('old', '127.0.0.1'),
    authority.issue('renewed', '127.0.0.1'),
  ];
  await writeFile(files.certFile, old.cert);
  await writeFile(files.keyFile, old.key);
  const server = await startHttpServer({ host: '127.0.0.1', port: 0, tls: files }, [], log);
  onTestFinished(() => server.close(0));
  expect(await shownAt(server.port)).toBe('CN=old');

  for (const half of ['', renewed.cert.slice(0, 100), renewed.cert]) {
    const told = log.lines.length;
    await writeFile(files.certFile, half);
    await vi.waitFor(() => {
      expect(log.lines.length).toBeGreaterThan(told + 1);
    });
    expect(JSON.stringify(log.lines)).toContain('could not be renewed');
    expect(await shownAt(server.port)).toBe('CN=old');
  }
  await writeFile(files.keyFile, renewed.key);
  await vi.waitFor(async () => {
    expect(await shownAt(server.port)).toBe('CN=renewed');
  });
  expect(JSON.stringify(log.lines)).toContain('was renewed');
});

test('files that hold nothing of use end the start', async () => {
  const files = await folder();
  const [one, two] = [authority.issue('one', '127.0.0.1'), authority.issue('two', '127.0.0.1')];
  const starting = (clientCaFile?: string) =>
    startHttpServer({ host: '127.0.0.1', port: 0, tls: { ...files, clientCaFile } }, [], recordingLog());
  await expect(starting()).rejects.toThrow('ENOENT');
  await writeFile(files.certFile, one.cert);
  await writeFile(files.keyFile, two.key);
  await expect(starting()).rejects.toThrow(`${files.keyFile} is not the key of ${files.certFile}`);
  await writeFile(files.keyFile, '');
  await expect(starting()).rejects.toThrow();
  await writeFile(files.keyFile, one.key);
  // An empty list of authorities must not mean all public ones.
  const caFile = `${files.certFile}.ca`;
  await writeFile(caFile, '');
  await expect(starting(caFile)).rejects.toThrow();
  await writeFile(caFile, 'no certificate');
  await expect(starting(caFile)).rejects.toThrow();
});
