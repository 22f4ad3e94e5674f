// The zod schemas of ids in items. Items are written by a version of the bridge, so the form of an id is not checked again.
import { z } from 'zod';
import type { EventId, FhirReference, MatrixUserId, RoomId } from '../../domain/ids.ts';

const idSchema = <Id extends string>(): z.ZodType<Id, Id> =>
  z.custom<Id>((value) => typeof value === 'string' && value !== '');

export const eventId = idSchema<EventId>();
export const roomId = idSchema<RoomId>();
export const userId = idSchema<MatrixUserId>();
export const reference = idSchema<FhirReference>();
