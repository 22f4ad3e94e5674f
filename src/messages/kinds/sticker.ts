// A sticker: a picture that stands for words, recorded by its description.
import { readExtensibleText } from '../formatting/extensible-text.ts';
import { defineKind } from '../kind.ts';
import { createRecord } from '../record.ts';

/** The kind, with the description. https://spec.matrix.org/v1.19/client-server-api/#sticker-messages */
export const sticker = defineKind<string>({
  name: 'sticker',
  page: {
    matrix: '`m.sticker`',
    fhir: '`payload.contentString`, tagged as a sticker; from FHIR it is text',
    kept: 'the description',
    lost: 'the picture',
  },
  fromMatrix: ({ event: { type, content } }) =>
    type === 'm.sticker' ? readExtensibleText(content) : undefined,
  toFhir: (description, context) => {
    const payload = [{ contentString: context.options.texts.records.sticker(description) }];
    return [createRecord(context, { payload, kind: 'sticker' })];
  },
  fromFhir: () => undefined,
  toMatrix: () => [],
});
