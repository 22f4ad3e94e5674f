// The item of a to-device message, which the version before stored; none is stored any more.
import { z } from 'zod';

export const toDeviceItemSchema = z.object({ kind: z.literal('matrix.to_device'), content: z.unknown() });
