// The line without a bridge: rooms and Encounters of its own, and a script that makes the sends and writes of the bridge.
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { createGhosts, type Ghosts } from './ghosts.ts';
import type { Ground } from './ground.ts';
import { contentLike, recordLike, type Templates } from './like-the-bridge.ts';
import { placeOf, type Line, type Place } from './line.ts';
import type { Message } from './said.ts';

/** Opens it, with as many rooms of as many members as the bridge has. No bridge may run meanwhile. */
export async function openBareLine(ground: Ground, templates: Templates): Promise<Line> {
  const { stack, bridged, platform } = ground;
  const ghosts = createGhosts(stack.synapse, stack.appservice.asToken);
  const many = (await countMembers(ground)) - 1;
  const members = await Promise.all(Array.from({ length: many }, (_, index) => ghosts.add(nameOf(index))));
  const [speaker = ''] = members;
  const places: Place[] = [];
  for (const index of bridged.places.keys())
    places.push(await openPlace(ground, ghosts, { members, id: `bare-${index}` }));
  const line: Line = {
    ...{ name: 'bare', places },
    async carry(message) {
      const place = placeOf(line, message);
      if (message.direction === 'matrix-to-fhir')
        await platform.put(recordLike(templates, { ...idsOf(message), ...place, text: message.text }));
      else await sendAsGhost(ghosts, speaker, place, templates, message);
    },
  };
  return line;
}

/** Ids as long as those of the bridge and of Synapse. */
function idsOf({ token }: Message): { readonly id: string; readonly eventId: string } {
  const id = `mx-${token.replaceAll(/[^a-z0-9-]/g, '')}-`;
  return { id: id.padEnd(48, '0'), eventId: `$${randomBytes(32).toString('base64url')}` };
}

async function sendAsGhost(
  ghosts: Ghosts,
  as: string,
  { roomId }: Place,
  templates: Templates,
  { text }: Message,
): Promise<void> {
  const deliveryId = randomBytes(20).toString('hex');
  await ghosts.send(as, roomId, deliveryId, contentLike(templates, { text, deliveryId }));
}

async function openPlace(
  { user, platform }: Ground,
  ghosts: Ghosts,
  { members, id }: { readonly members: readonly string[]; readonly id: string },
): Promise<Place> {
  await platform.put({
    ...{ resourceType: 'Encounter', id, status: 'in-progress' },
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'VR' },
    subject: { reference: 'Patient/client' },
  });
  const [owner = '', ...others] = members;
  const roomId = await ghosts.createRoom(owner, [...others, user.userId]);
  for (const other of others) await ghosts.join(other, roomId);
  await user.join(roomId);
  return { roomId, belongsTo: `Encounter/${id}` };
}

async function countMembers({ stack, accessToken, bridged }: Ground): Promise<number> {
  const room = encodeURIComponent(bridged.places[0]?.roomId ?? '');
  const response = await fetch(`${stack.synapse.url}/_matrix/client/v3/rooms/${room}/joined_members`, {
    headers: { authorization: `Bearer ${accessToken}` },
  });
  const { joined } = z.object({ joined: z.record(z.string(), z.unknown()) }).parse(await response.json());
  return Object.keys(joined).length;
}

function nameOf(index: number): string {
  return `_fhir_bench${index}`;
}
