// A location: a description of the place, and its coordinates as a geo URI.
import { textOfParts } from '../content.ts';
import type { FormattedText } from '../formatting/formatted-text.ts';
import { readMatrixText } from '../formatting/matrix-text.ts';
import { defineKind } from '../kind.ts';
import { createRecord, isTaggedAs } from '../record.ts';
import { attributed, textSends } from '../text-body.ts';

interface Location {
  /** Left out where there are only coordinates. */
  readonly description?: string | undefined;
  readonly geoUri: string;
}

/** Latitude, longitude, altitude, and how exact they are, in WGS 84. https://www.rfc-editor.org/rfc/rfc5870#section-3.3 */
const GEO_URI =
  /^geo:(-?\d{1,2}(?:\.\d{1,20})?),(-?\d{1,3}(?:\.\d{1,20})?)(?:,-?\d{1,7}(?:\.\d{1,20})?)?(?:;crs=wgs84)?(?:;u=\d{1,9}(?:\.\d{1,20})?)?$/i;

/** The kind. https://spec.matrix.org/v1.19/client-server-api/#mlocation */
export const location = defineKind<Location>({
  name: 'location',
  page: {
    matrix: '`m.room.message` of type `m.location`',
    fhir: '`payload.contentString` of the description, and another of the geo URI, tagged as a location',
    kept: 'the description, the coordinates and how exact they are',
    lost: 'the picture of a map; positions that move, which are no messages',
  },
  fromMatrix: ({ event: { type, content } }) => {
    const { msgtype, geo_uri: geoUri } = content;
    if (type !== 'm.room.message' || msgtype !== 'm.location' || !isGeoUri(geoUri)) return undefined;
    return { description: readMatrixText(content)?.plain, geoUri };
  },
  toFhir: ({ description, geoUri }, context) => {
    const texts = description === undefined ? [geoUri] : [description, geoUri];
    const payload = texts.map((contentString) => ({ contentString }));
    return [createRecord(context, { payload, kind: 'location' })];
  },
  fromFhir: ({ communication, envelope: { parts } }, carried) => {
    const last = parts.at(-1);
    if (carried.length > 0 || !isTaggedAs(communication, 'location') || last?.kind !== 'text')
      return undefined;
    if (!isGeoUri(last.text.plain)) return undefined;
    return { description: textOfParts(parts.slice(0, -1))?.plain, geoUri: last.text.plain };
  },
  toMatrix: ({ description, geoUri }, { relayedFor, options: { texts } }) => {
    const text: FormattedText = { plain: description ?? geoUri };
    return textSends('m.location', attributed(text, relayedFor), texts).map((send) => ({
      ...send,
      content: { ...send.content, geo_uri: geoUri },
    }));
  },
});

function isGeoUri(uri: unknown): uri is string {
  const [, latitude, longitude] = typeof uri === 'string' ? (GEO_URI.exec(uri) ?? []) : [];
  return latitude !== undefined && Math.abs(Number(latitude)) <= 90 && Math.abs(Number(longitude)) <= 180;
}
