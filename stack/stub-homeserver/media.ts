// Media: takes uploads, gives them an address, and hands them out again.
import { randomBytes } from 'node:crypto';
import { MatrixFailure } from './failure.ts';
import type { Call, Reply } from './requests.ts';
import { ok, param } from './requests.ts';
import type { World } from './world.ts';

/** What Synapse takes by default. */
const LARGEST_BYTES = 50 * 1024 * 1024;

/** `POST /_matrix/media/v3/upload` */
export function upload({ world, file }: Call): Reply {
  const uri = newUri(world);
  world.media.set(uri, file);
  return ok({ content_uri: uri });
}

/** `POST /_matrix/media/v1/create` */
export function reserve({ world }: Call): Reply {
  const uri = newUri(world);
  world.media.set(uri, undefined);
  return ok({ content_uri: uri });
}

/** `PUT /_matrix/media/v3/upload/{server}/{mediaId}` */
export function fill(call: Call): Reply {
  const { world, file } = call;
  const uri = uriIn(call);
  if (!world.media.has(uri)) throw new MatrixFailure(404, 'M_NOT_FOUND', 'Unknown media ID');
  if (world.media.get(uri) !== undefined)
    throw new MatrixFailure(409, 'M_CANNOT_OVERWRITE_MEDIA', 'Media ID already has content');
  world.media.set(uri, file);
  return ok();
}

/** `GET /_matrix/client/v1/media/download/{server}/{mediaId}` */
export function download(call: Call): Reply {
  const file = call.world.media.get(uriIn(call));
  if (file === undefined) throw new MatrixFailure(404, 'M_NOT_FOUND', 'Not found');
  return { status: 200, body: undefined, file };
}

/** `GET /_matrix/client/v1/media/config` */
export function mediaLimits(): Reply {
  return ok({ 'm.upload.size': LARGEST_BYTES });
}

function newUri({ serverName }: World): string {
  return `mxc://${serverName}/${randomBytes(18).toString('base64url')}`;
}

function uriIn(call: Call): string {
  return `mxc://${param(call, 'server')}/${param(call, 'mediaId')}`;
}
