// Puts the bridge's drawings on the homeserver, each once.
import type { Bridge } from './bridge.ts';
import { drawingDigest, drawnImage, type Drawing } from '../mapping/pictures.ts';

/**
 * Where a drawing is. It is uploaded when it is not there yet; a crash in between leaves an upload that no one uses.
 * @returns its `mxc://` URI
 */
export async function uploadedPicture(
  { db, store, homeserver, settings }: Pick<Bridge, 'db' | 'homeserver' | 'settings' | 'store'>,
  drawing: Drawing,
  signal: AbortSignal,
): Promise<string> {
  const digest = drawingDigest(drawing);
  const known = await store.pictures.findPicture(db, digest);
  if (known !== undefined) return known;
  const url = await homeserver.upload(settings.bot, drawnImage(drawing), signal);
  return store.pictures.savePicture(db, digest, url);
}

/** What stands for a drawing that was never uploaded: as no room has this picture, each differs that is to have it. */
const NOT_UPLOADED = 'mxc://';

/** Where a drawing is, without uploading it. */
export async function knownPicture(
  { db, store }: Pick<Bridge, 'db' | 'store'>,
  drawing: Drawing,
): Promise<string> {
  return (await store.pictures.findPicture(db, drawingDigest(drawing))) ?? NOT_UPLOADED;
}
