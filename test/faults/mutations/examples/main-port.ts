// One right request to each route of the port that the two servers call.
import { BSN, FAMILY, SAID, SECRETS } from '../canaries.ts';
import type { RequestExample } from '../change-request.ts';
import type { Json } from '../../../../stack/stub-fhir/json.ts';

const { hsToken, hookSecret } = SECRETS;
const APP = '/_matrix/app/v1';

/** A transaction as Synapse sends it. */
const TRANSACTION: Json = {
  events: [
    {
      ...{ event_id: '$mutated-transaction', room_id: '!elsewhere:mutants.example', type: 'm.room.message' },
      ...{ sender: '@an:mutants.example', origin_server_ts: 1_764_500_000_000, unsigned: { age: 12 } },
      content: { msgtype: 'm.text', body: `${SAID} ${FAMILY} ${BSN}` },
    },
    {
      ...{ event_id: '$mutated-member', room_id: '!elsewhere:mutants.example', type: 'm.room.member' },
      ...{
        sender: '@an:mutants.example',
        state_key: '@an:mutants.example',
        origin_server_ts: 1_764_500_000_000,
      },
      content: { membership: 'join', displayname: FAMILY },
    },
  ],
  ephemeral: [
    {
      ...{ type: 'm.receipt', room_id: '!elsewhere:mutants.example' },
      content: { '$mutated-transaction': { 'm.read': { '@an:mutants.example': { ts: 1_764_500_000_000 } } } },
    },
    {
      type: 'm.typing',
      room_id: '!elsewhere:mutants.example',
      content: { user_ids: ['@an:mutants.example'] },
    },
  ],
  to_device: [
    { type: 'm.dummy', sender: '@an:mutants.example', to_user_id: '@_fhir_bot:mutants.example', content: {} },
  ],
};

const main = (route: string, target: string, over: Partial<RequestExample> = {}): RequestExample => ({
  ...{ route: `main ${route}`, listener: 'main', method: route.split(' ')[0] ?? '', target, status: 200 },
  ...over,
});

const ofHomeserver = (route: string, target: string, over: Partial<RequestExample> = {}): RequestExample =>
  main(route.replace(' ', ` ${APP}`), `${APP}${target}`, { secret: hsToken, ...over });

const ofFhirServer = (route: string, target: string): RequestExample =>
  main(route, target, {
    secret: hookSecret,
    body: { resourceType: 'Communication', id: 'a', payload: [{ contentString: `${SAID} ${BSN}` }] },
  });

/** The requests. */
export const MAIN_PORT: readonly RequestExample[] = [
  ofHomeserver('PUT /transactions/:txnId', '/transactions/4711', { body: TRANSACTION }),
  ofHomeserver('POST /ping', '/ping', { body: { transaction_id: 'ping1' } }),
  ofHomeserver('GET /users/:userId', '/users/@_fhir_bot:mutants.example'),
  ofHomeserver('GET /rooms/:alias', '/rooms/%23careteam%2Fnone:mutants.example', { status: 404 }),
  ofHomeserver('GET /thirdparty/protocol/:protocol', '/thirdparty/protocol/irc', { status: 404 }),
  ofHomeserver('GET /thirdparty/location', '/thirdparty/location?alias=%23a:mutants.example'),
  ofHomeserver('GET /thirdparty/location/:protocol', '/thirdparty/location/irc?channel=a'),
  ofHomeserver('GET /thirdparty/user', '/thirdparty/user?userid=@an:mutants.example'),
  ofHomeserver('GET /thirdparty/user/:protocol', '/thirdparty/user/irc?nick=a'),
  ofFhirServer('POST /fhir/hooks/:subscription', '/fhir/hooks/communication'),
  ofFhirServer('POST /fhir/hooks/:subscription/*resource', '/fhir/hooks/communication/Communication/a'),
  ofFhirServer('PUT /fhir/hooks/:subscription/*resource', '/fhir/hooks/communication/Communication/a'),
  ofFhirServer('DELETE /fhir/hooks/:subscription/*resource', '/fhir/hooks/communication/Communication/a'),
  main('GET /health', '/health'),
  main('GET /health/startup', '/health/startup'),
  main('GET /health/ready', '/health/ready'),
  main('GET /ready', '/ready'),
];
