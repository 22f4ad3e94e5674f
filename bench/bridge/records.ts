// The Communications that the FHIR server has, with the stamp that it gave each.
import { z } from 'zod';

/** A Communication. */
export interface FoundRecord {
  readonly id: string;
  readonly resource: Readonly<Record<string, unknown>>;
  /** `CommunicationRequest/…` or `Encounter/…`: what it belongs to. */
  readonly belongsTo: string;
  readonly text: unknown;
  /** Its `meta.lastUpdated`: just before it can be read. */
  readonly stampedMs: number;
}

/** Reads Communications. */
export interface Records {
  /** Those that were written since then. */
  since(ms: number): Promise<readonly FoundRecord[]>;
  countSince(ms: number): Promise<number>;
}

const referenceSchema = z.object({ reference: z.string() });
const communicationSchema = z.looseObject({
  id: z.string(),
  meta: z.looseObject({ lastUpdated: z.string() }),
  partOf: z.array(referenceSchema).default([]),
  encounter: referenceSchema.optional(),
  payload: z.array(z.looseObject({ contentString: z.string().optional() })).default([]),
});
const pageSchema = z.object({
  total: z.number().optional(),
  entry: z.array(z.object({ resource: communicationSchema })).default([]),
  link: z.array(z.object({ relation: z.string(), url: z.string() })).default([]),
});

/** Creates the reader. */
export function createRecords(fhirUrl: string): Records {
  const read = async (url: string): Promise<z.infer<typeof pageSchema>> => {
    const response = await fetch(url, { headers: { 'cache-control': 'no-cache' } });
    if (!response.ok) throw new Error(`Reading records: ${response.status} ${await response.text()}`);
    return pageSchema.parse(await response.json());
  };
  const urlSince = (ms: number, more: string): string =>
    `${fhirUrl}/Communication?_lastUpdated=ge${new Date(ms).toISOString()}&${more}`;
  return {
    async since(ms) {
      const found: FoundRecord[] = [];
      for (let next: string | undefined = urlSince(ms, '_count=500'); next !== undefined;) {
        const { entry, link }: z.infer<typeof pageSchema> = await read(next);
        found.push(...entry.map(({ resource }) => recordOf(resource)));
        next = link.find(({ relation }) => relation === 'next')?.url;
      }
      return found;
    },
    async countSince(ms) {
      return (await read(urlSince(ms, '_summary=count'))).total ?? 0;
    },
  };
}

function recordOf(resource: z.infer<typeof communicationSchema>): FoundRecord {
  const { id, meta, partOf, encounter, payload } = resource;
  return {
    ...{ id, resource },
    belongsTo: (partOf[0] ?? encounter)?.reference ?? '',
    text: payload[0]?.contentString,
    stampedMs: Date.parse(meta.lastUpdated),
  };
}
