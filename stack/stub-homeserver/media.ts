// Media: takes uploads and gives them an address. What was uploaded is not kept.
import { randomBytes } from 'node:crypto';
import type { Call, Reply } from './requests.ts';
import { ok } from './requests.ts';

/** `POST /_matrix/media/v3/upload` */
export function upload({ world }: Call): Reply {
  return ok({ content_uri: `mxc://${world.serverName}/${randomBytes(18).toString('base64url')}` });
}
