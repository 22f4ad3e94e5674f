// Keys and invitations of the Identity Service API v2.
import type { Request, Router } from 'express';
import { z } from 'zod';
import type { RoomId } from '../../domain/ids.ts';
import { threepidOf } from '../directories/threepid.ts';
import { jsonBody, readBody } from '../protection/json-body.ts';
import { answering, ok, refusal } from '../protection/reply.ts';
import type { Reply } from '../protection/reply.ts';
import { forUsers, limitExceeded, unavailable } from './routes.ts';
import type { ServiceDeps } from './routes.ts';

const inviteBody = z.looseObject({
  medium: z.string().max(50),
  address: z.string().max(500),
  room_id: z
    .string()
    .max(255)
    .regex(/^![^\s\p{C}]+$/u),
  sender: z.string().max(255),
});

/** Adds the routes of keys and invitations to the router, below `base`. */
export function inviteRoutes(router: Router, deps: ServiceDeps, base: string): void {
  const { invites, log } = deps;
  const failed = unavailable(log);

  // Before the key by its id, which would take `isvalid` for one.
  router.get(
    `${base}/pubkey/isvalid`,
    answering(
      (request) => Promise.resolve(validity(request, (key) => invites?.isOurs(key) ?? false)),
      failed,
    ),
  );
  router.get(
    `${base}/pubkey/ephemeral/isvalid`,
    answering(async (request) => {
      const key = queriedKey(request);
      const valid = key !== undefined && ((await invites?.isEphemeral(key)) ?? false);
      return validity(request, () => valid);
    }, failed),
  );
  router.get(
    `${base}/pubkey/:keyId`,
    answering((request) => {
      const publicKey = invites?.publicKey(String(request.params['keyId']));
      return Promise.resolve(
        publicKey === undefined
          ? refusal(404, 'M_NOT_FOUND', 'The public key was not found')
          : ok({ public_key: publicKey }),
      );
    }, failed),
  );
  router.post(`${base}/store-invite`, jsonBody, storeInvite(deps));
}

function storeInvite(deps: ServiceDeps) {
  const { invites, limits, media, keyedHash, audit } = deps;
  return forUsers(deps, async (request, userId, signal) => {
    if (invites === undefined)
      return refusal(404, 'M_UNRECOGNIZED', 'This identity server stores no invitations');
    const { medium, address, room_id: roomId, sender } = readBody(inviteBody, request.body);
    if (sender !== userId)
      return refusal(403, 'M_FORBIDDEN', 'The sender is not the owner of the access token');
    if (medium !== 'email') return refusal(400, 'M_UNRECOGNIZED', 'Only e-mail addresses can be invited');
    if (!media.includes(medium))
      return refusal(400, 'M_UNRECOGNIZED', 'No one can be looked up by e-mail address here');
    const threepid = threepidOf(medium, address);
    if (threepid === undefined) return refusal(400, 'M_INVALID_EMAIL', 'The e-mail address is not valid');
    // The answer tells whether someone has the address, as a look-up does.
    const wait = (await limits.invite(userId)) ?? (await limits.lookup(userId));
    if (wait !== undefined) return limitExceeded(wait);
    const invite = { threepid, roomId: roomId as RoomId, sender: userId };
    const stored = await invites.store(invite, signal);
    await audit([
      {
        ...{ caller: userId, action: 'invite', medium },
        subject: keyedHash.ofThreepid(threepid),
        outcome: stored.kind === 'known' ? 'found' : 'none',
        found: stored.kind === 'known' ? stored.userId : undefined,
      },
    ]);
    if (stored.kind === 'stored') return ok({ ...stored.body });
    return refusal(400, 'M_THREEPID_IN_USE', 'Binding already known', { mxid: stored.userId });
  });
}

function validity(request: Request, isValid: (key: string) => boolean): Reply {
  const key = queriedKey(request);
  return key === undefined
    ? refusal(400, 'M_MISSING_PARAMS', 'Missing parameters: public_key')
    : ok({ valid: isValid(key) });
}

function queriedKey({ query }: Request): string | undefined {
  const key = query['public_key'];
  return typeof key === 'string' && key !== '' && key.length <= 255 ? key : undefined;
}
