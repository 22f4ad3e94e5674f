// What is known of a picture or a recording: in the `info` of an event, and as extensions of an Attachment.
import type { Attachment, Extension } from 'fhir/r4.js';
import { z } from 'zod';

/** Pixels, and milliseconds. */
export interface FileMetadata {
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly durationMs?: number | undefined;
}

/**
 * Attachment has these elements from R5 on. Their extensions for R4 (https://hl7.org/fhir/R4/versions.html#extensions) are
 * read, but not written: servers that do not know R5 call them an error.
 */
const R5 = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-Attachment.';
const OWN = 'https://github.com/fhir-matrix-bridge/fhir/StructureDefinition/attachment-';

const positive = z.int().positive().max(1_000_000_000).optional().catch(undefined);
const infoSchema = z.object({ w: positive, h: positive, duration: positive }).catch({});

/** Reads the `info` of an event. */
export function metadataIn(info: unknown): FileMetadata {
  const { w: width, h: height, duration: durationMs } = infoSchema.parse(info);
  return { width, height, durationMs };
}

/** As extensions of an Attachment: pixels and seconds. Nothing where nothing is known. */
export function asExtensions({ width, height, durationMs }: FileMetadata): Pick<Attachment, 'extension'> {
  const extension: Extension[] = [
    ...(height === undefined ? [] : [{ url: `${OWN}height`, valuePositiveInt: height }]),
    ...(width === undefined ? [] : [{ url: `${OWN}width`, valuePositiveInt: width }]),
    ...(durationMs === undefined ? [] : [{ url: `${OWN}duration`, valueDecimal: durationMs / 1000 }]),
  ];
  return extension.length === 0 ? {} : { extension };
}

/** As the `info` of an event. */
export function asInfo({ extension = [] }: Attachment): Readonly<Record<string, number>> {
  const valueOf = (name: string): number | undefined => {
    const found = extension.find(({ url }) => url === `${OWN}${name}` || url === `${R5}${name}`);
    return positive.parse(found?.valuePositiveInt ?? Math.round((found?.valueDecimal ?? Number.NaN) * 1000));
  };
  const known = { w: valueOf('width'), h: valueOf('height'), duration: valueOf('duration') };
  return Object.fromEntries(Object.entries(known).flatMap(([key, value]) => (value ? [[key, value]] : [])));
}
