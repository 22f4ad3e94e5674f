// Publishing switched on later: the ghosts of practitioners that are there already come into one's own directory, each once.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Resource } from '../../stack/demo/platform.ts';
import { waitUntil } from '../../stack/wait.ts';
import { aliases, practitioner, team } from './care.ts';
import { tagged } from './care-directory.ts';
import { awaitIdle } from './bridges.ts';
import type { TestContext } from './context.ts';
import { startContext } from './context.ts';
import { botView, ghostOf } from './rooms.ts';

type Person = Resource & {
  readonly telecom?: readonly object[];
  readonly meta: { readonly versionId: string };
};

describe.skipIf(inject('stackMissing') !== undefined)('publishing that is switched on later', () => {
  let context: TestContext;
  let folder = '';
  const setting = (): string => join(folder, 'publish');
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'publish-'));
    await writeFile(setting(), 'false');
    context = await startContext({ BRIDGE_IDENTITY_PUBLISH_TO_OWN_FHIR_FILE: setting() });
  });
  afterAll(async () => {
    await context.end();
    await rm(folder, { recursive: true });
  });

  const read = async (name: string): Promise<Person> =>
    (await context.platform.read(name.replace('/', `/${context.prefix}`))) as Person;

  test('publishes the ghosts of before, and nobody else', async () => {
    const { platform, prefix, bridge } = context;
    const others = ['Practitioner/nurse', 'RelatedPerson/daughter', 'Patient/client'];
    await platform.put(practitioner(`${prefix}gp`, 'Gerda Prins'));
    await platform.put(
      team(prefix, `${prefix}team`, [
        ...[`Practitioner/${prefix}gp`, `Practitioner/${prefix}nurse`],
        ...[`RelatedPerson/${prefix}daughter`, `Patient/${prefix}client`],
      ]),
    );
    await botView().await(aliases.space(`${prefix}team`));
    await awaitIdle(bridge);
    const ghost = ghostOf(`Practitioner/${prefix}gp`);
    const before = await Promise.all(others.map(read));
    const { telecom = [] } = await read('Practitioner/gp');
    expect(JSON.stringify(telecom)).not.toContain(ghost);

    await bridge.service.stop();
    await writeFile(setting(), 'true');
    await bridge.service.start();
    const published = await waitUntil(
      async () => {
        const person = await read('Practitioner/gp');
        return JSON.stringify(person).includes(ghost) && person;
      },
      { what: 'the ghost is published', timeoutMs: 60_000, everyMs: 100 },
    );
    expect(published.telecom).toEqual([...telecom, tagged(ghost)]);
    expect(await Promise.all(others.map(read))).toEqual(before);
    const metrics = await (await fetch(`${bridge.opsUrl}/metrics`)).text();
    expect(metrics).toContain('bridge_reader_items_total{reader="publish-ghosts"} 1');

    // What is taken out again stays out, over a further start.
    await platform.put(practitioner(`${prefix}gp`, 'Gerda Prins'));
    await awaitIdle(bridge);
    await bridge.service.stop();
    await bridge.service.start();
    await waitUntil(
      async () =>
        (await (await fetch(`${bridge.opsUrl}/metrics`)).text()).includes(
          'bridge_reader_passes_total{reader="publish-ghosts",result="ok"} 1',
        ),
      { what: 'it was looked for ghosts of before', timeoutMs: 60_000, everyMs: 100 },
    );
    await awaitIdle(bridge);
    expect((await read('Practitioner/gp')).telecom).toEqual(telecom);
  });
});
