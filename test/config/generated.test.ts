// The files in the repository that are generated: they say what the code says today.
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { architectureDrawing, contents, withImportTable } from '../../docs/drawings/architecture.ts';
import { composing, importTable } from '../../eslint.config.ts';
import { configJsonSchema, configKeys } from '../../src/config/keys.ts';
import { configReference } from '../../src/config/reference.ts';
import { sampleConfig } from '../../src/config/sample.ts';
import { ignoredReference } from '../../src/flows/ignored-reference.ts';
import { noticesPage } from '../../src/mapping/notices-page.ts';
import { registrationYaml } from '../../src/matrix/registration.ts';
import { kindsPage } from '../../src/messages/kinds-page.ts';
import { ASPECTS, KINDS } from '../../src/messages/registry.ts';
import { errorReference } from '../../src/telemetry/error-reference.ts';

const file = (path: string): Promise<string> => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');

/** By the templates of aliases that are the default. */
const GUIDES_ALIASES = ['careteam/*', 'careteam-*', 'communicationrequest/*', 'communicationrequest-*'];

describe('up to date (else: npm run generate)', () => {
  test.each([
    ['config.sample.yaml', sampleConfig()],
    ['docs/reference/configuration.md', configReference()],
    ['docs/reference/errors.md', errorReference()],
    ['docs/reference/what-crosses.md', kindsPage({ kinds: KINDS, aspects: ASPECTS })],
    ['docs/reference/ignored-reasons.md', ignoredReference()],
    ['docs/reference/notices.md', noticesPage()],
    ['docs/reference/config.schema.json', `${JSON.stringify(configJsonSchema(), null, 2)}\n`],
    ['docs/explanation/architecture.svg', architectureDrawing()],
  ])('%s', async (path, expected) => {
    expect(await file(path)).toBe(expected);
  });

  test('the table of imports in docs/explanation/architecture.md', async () => {
    const page = await file('docs/explanation/architecture.md');
    expect(withImportTable(page)).toBe(page);
    for (const folder of Object.keys(importTable)) expect(page).toContain(`\n| \`${folder}\` |`);
  });

  test('registration.yaml fits config.sample.yaml', async () => {
    const { matrix } = parse(await file('config.sample.yaml')) as {
      matrix: { serverName: string; asToken: string; hsToken: string };
    };
    const expected = registrationYaml({
      ...matrix,
      appserviceUrl: 'http://localhost:3000',
      ghostPrefix: '_fhir_',
      aliasPatterns: GUIDES_ALIASES,
      receipts: true,
    });
    expect(await file('registration.yaml')).toBe(expected);
  });
});

test('the drawing of the architecture says of every folder what it holds', () => {
  const folders = [...Object.keys(importTable), ...composing];
  expect(Object.keys(contents).sort()).toEqual(folders.sort());
});

test('every key is described in all of them', async () => {
  const [sample, page] = [await file('config.sample.yaml'), await file('docs/reference/configuration.md')];
  for (const { path, description, env } of configKeys()) {
    expect(description).not.toBe('');
    expect(sample).toContain(`# ${description}`);
    expect(page).toContain(`| \`${path.join('.')}\` |`);
    expect(page).toContain(`\`${String(env[0])}\``);
  }
});

test.each([true, false])(
  'the registration says exactly what the bridge relies on; receipts: %s',
  (receipts) => {
    const yaml = registrationYaml({
      serverName: 'zorg.example:8448',
      appserviceUrl: 'http://bridge:3000',
      asToken: 'as',
      hsToken: 'hs',
      ghostPrefix: '_fhir_',
      aliasPatterns: GUIDES_ALIASES,
      receipts,
    });
    expect(parse(yaml)).toEqual({
      id: 'fhir-matrix-bridge',
      url: 'http://bridge:3000',
      as_token: 'as',
      hs_token: 'hs',
      sender_localpart: '_fhir_appservice',
      rate_limited: false,
      receive_ephemeral: receipts,
      'de.sorunome.msc2409.push_ephemeral': receipts,
      'io.element.msc4190': true,
      protocols: [],
      namespaces: {
        users: [{ exclusive: true, regex: '@_fhir_.*:zorg\\.example:8448$' }],
        aliases: [
          { exclusive: true, regex: '#careteam/.*:zorg\\.example:8448$' },
          { exclusive: true, regex: '#careteam-.*:zorg\\.example:8448$' },
          { exclusive: true, regex: '#communicationrequest/.*:zorg\\.example:8448$' },
          { exclusive: true, regex: '#communicationrequest-.*:zorg\\.example:8448$' },
        ],
        rooms: [],
      },
    });
  },
);
