// The registration with which the stack's Synapse lets the bridge in.
import { expect, test } from 'vitest';
import { createRegistration } from '../../stack/registration.ts';

const registration = createRegistration({
  serverName: 'care.example:8448',
  url: 'http://127.0.0.1:9000',
  asToken: 'as',
  hsToken: 'hs',
});
const { users, aliases } = registration['namespaces'] as Record<
  string,
  { exclusive: boolean; regex: string }[]
>;

const isClaimed = (claims: readonly { regex: string }[] | undefined, id: string): boolean =>
  (claims ?? []).some(({ regex }) => new RegExp(`^(?:${regex})`).test(id));

test('has the keys without which Synapse does not start, and asks for everything the bridge receives', () => {
  expect(registration).toMatchObject({
    url: 'http://127.0.0.1:9000',
    as_token: 'as',
    hs_token: 'hs',
    rate_limited: false,
    receive_ephemeral: true,
    'de.sorunome.msc2409.push_ephemeral': true,
    'io.element.msc4190': true,
  });
  expect([...(users ?? []), ...(aliases ?? [])].every(({ exclusive }) => exclusive)).toBe(true);
});

test.each([
  ['@_fhir_bot:care.example:8448', true],
  ['@_fhir_practitioner_1:care.example:8448', true],
  ['@alice:care.example:8448', false],
  ['@_fhir_bot:careXexample:8448', false],
])('user %s: %s', (id, claimed) => {
  expect(isClaimed(users, id)).toBe(claimed);
});

test.each([
  ['#careteam-1:care.example:8448', true],
  ['#careteam/1:care.example:8448', true],
  ['#communicationrequest-1:care.example:8448', true],
  ['#careteams:care.example:8448', false],
])('alias %s: %s', (id, claimed) => {
  expect(isClaimed(aliases, id)).toBe(claimed);
});
