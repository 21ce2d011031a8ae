/** Text of others as part of an SQL text: names and literals that stay one name, one literal and one line. */

/** Reserved where a name may stand, in some version from 12 to 18 (pg_get_keywords, catcode R, T and C). */
const keywords = new Set(
  `all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast char
character check coalesce collate collation column concurrently constraint create cross current_catalog current_date
current_role current_schema current_time current_timestamp current_user dec decimal default deferrable desc distinct do else
end except exists extract false fetch float for foreign freeze from full grant greatest group grouping having ilike in initially
inner inout int integer intersect interval into is isnull join json json_array json_arrayagg json_exists json_object
json_objectagg json_query json_scalar json_serialize json_table json_value lateral leading least left like limit localtime
localtimestamp merge_action national natural nchar none normalize not notnull null nullif numeric offset on only or order out
outer overlaps overlay placing position precision primary public real references returning right row select session_user setof
similar smallint some substring symmetric system_user table tablesample then time timestamp to trailing treat trim true union
unique user using values varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest
xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable`.split(/\s+/),
);

// Controls, separators and what is invisible or reorders: a name must not end a comment's line, or look like another.
const unprintable =
  /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u{115f}\u{1160}\u{3164}\u{ffa0}]|[\u{34f}]|[\u{fe00}-\u{fe0f}]|[\u{e0100}-\u{e01ef}]/gu;

const escaped = (text: string): string =>
  text.replaceAll('\\', '\\\\').replace(unprintable, (character) => {
    const code = character.codePointAt(0)!.toString(16);
    return code.length > 4 ? `\\+${code.padStart(6, '0')}` : `\\${code.padStart(4, '0')}`;
  });

const between = (text: string, quote: '"' | "'"): string => {
  const closed = (inner: string) => `${quote}${inner.replaceAll(quote, quote + quote)}${quote}`;
  return text.search(unprintable) < 0 ? closed(text) : `U&${closed(escaped(text))}`;
};

/** A name as PostgreSQL reads it back; needs standard_conforming_strings. */
export const quoteName = (name: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(name) && !keywords.has(name) ? name : between(name, '"');

export const quoteLiteral = (text: string): string => between(text, "'");

/** `schema.name`, each quoted where it must be. */
export const quoteQualified = (schema: string, name: string): string => `${quoteSchema(schema)}.${quoteName(name)}`;

// The pseudo-role is reserved for GRANT and REVOKE; as a schema the word is as good as any, and is never written otherwise.
export const quoteSchema = (schema: string): string => (schema === 'public' ? schema : quoteName(schema));
