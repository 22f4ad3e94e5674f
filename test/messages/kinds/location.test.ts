// Locations, with literal examples of both sides.
import { describe, expect, test } from 'vitest';
import { created, fromFhir, fromMatrix } from '../../builders/messages.ts';

const TAG = {
  system: 'https://github.com/fhir-matrix-bridge/fhir/CodeSystem/message-kind',
  code: 'location',
};
const CONTENT = {
  msgtype: 'm.location',
  body: 'Location was shared at 52.37,4.89',
  geo_uri: 'geo:52.37,4.89;u=35',
  'org.matrix.msc3488.location': { uri: 'geo:52.37,4.89;u=35' },
};

describe('from Matrix: the description and the geo URI are recorded, and tagged', () => {
  test.each([
    ['geo:52.37,4.89;u=35'],
    ['geo:-90,180'],
    ['geo:52.3702157,4.8951679,12.5;crs=wgs84;u=0.5'],
    ['GEO:1,1'],
  ])('%s', (geo_uri) => {
    const read = fromMatrix({ content: { ...CONTENT, geo_uri } });
    expect(read).toMatchObject({ kind: 'location', notices: [] });
    expect(created(read?.writes)).toMatchObject({
      meta: { tag: [TAG] },
      payload: [{ contentString: 'Location was shared at 52.37,4.89' }, { contentString: geo_uri }],
    });
  });

  test('without a description the geo URI is all', () => {
    const read = fromMatrix({ content: { msgtype: 'm.location', geo_uri: 'geo:1,2' } });
    expect(created(read?.writes).payload).toEqual([{ contentString: 'geo:1,2' }]);
  });
});

describe('from Matrix: coordinates that are none make a message whose content was lost', () => {
  test.each([
    'geo:91,0',
    'geo:0,181',
    'geo:1',
    'geo:1,2;crs=moon',
    'geo:1,2?q=javascript:alert(1)',
    'geo:1,2\njavascript:alert(1)',
    'javascript:alert(1)',
    'https://evil.example',
    `geo:1.${'0'.repeat(60_000)},2`,
    '',
    7,
    null,
    ['geo:1,2'],
    undefined,
  ])('%j', (geo_uri) => {
    const read = fromMatrix({ content: { ...CONTENT, geo_uri } });
    expect(read).toMatchObject({ kind: 'unsupported', notices: ['unsupported-content'] });
    expect(created(read?.writes).payload).toEqual([
      {
        contentString:
          '[A Matrix message of a kind that cannot be recorded here: m.location]\nLocation was shared at 52.37,4.89',
      },
    ]);
  });
});

describe('from FHIR: what is tagged comes back as such', () => {
  const payload = [{ contentString: 'At the door' }, { contentString: 'geo:52.37,4.89' }];
  const meta = { tag: [TAG] };
  test.each([
    ['with a description', payload, undefined, 'At the door'],
    ['without', [{ contentString: 'geo:52.37,4.89' }], undefined, 'geo:52.37,4.89'],
    ['by the bot, in the place of its sender', payload, 'J. de Vries', 'J. de Vries: At the door'],
  ])('%s', (_, given, relayedFor, body) => {
    expect(fromFhir({ meta, payload: given }, { relayedFor })).toEqual({
      kind: 'location',
      sends: [
        {
          kind: 'send',
          type: 'm.room.message',
          content: { msgtype: 'm.location', body, geo_uri: 'geo:52.37,4.89' },
        },
      ],
    });
  });

  test.each([
    ['without the tag', {}, payload],
    ['without coordinates', { meta }, [{ contentString: 'At the door' }]],
  ])('%s it is text', (_, over, given) => {
    expect(fromFhir({ ...over, payload: given })).toMatchObject({ kind: 'text' });
  });
});
