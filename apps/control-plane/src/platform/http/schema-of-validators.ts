import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { getMetadataStorage } from 'class-validator';

interface Rule {
  readonly name?: string;
  readonly type: string;
  readonly propertyName: string;
  readonly constraints?: readonly unknown[];
  readonly each?: boolean;
}

type Schema = Record<string, unknown>;
type Reading = (constraints: readonly unknown[]) => Schema;

const readings: Readonly<Record<string, Reading>> = {
  isString: () => ({ type: 'string' }),
  isBoolean: () => ({ type: 'boolean' }),
  isInt: () => ({ type: 'integer' }),
  isNumber: () => ({ type: 'number' }),
  isArray: () => ({ type: 'array' }),
  isObject: () => ({ type: 'object' }),
  isIn: ([values]) => ({ type: 'string', enum: values }),
  isUuid: () => ({ type: 'string', format: 'uuid' }),
  isDateString: () => ({ type: 'string', format: 'date-time' }),
  isISO8601: () => ({ type: 'string', format: 'date-time' }),
  isLength: ([minLength, maxLength]) => ({ type: 'string', minLength, maxLength }),
  minLength: ([minLength]) => ({ minLength }),
  maxLength: ([maxLength]) => ({ maxLength }),
  min: ([minimum]) => ({ minimum }),
  max: ([maximum]) => ({ maximum }),
  matches: ([pattern]) => ({ type: 'string', pattern: (pattern as RegExp).source }),
  arrayMinSize: ([minItems]) => ({ minItems }),
  arrayMaxSize: ([maxItems]) => ({ maxItems }),
  arrayUnique: () => ({ uniqueItems: true }),
};

/** What the validators demand of a property, as JSON Schema: the document and the check have one source. */
function schemaOf(rules: readonly Rule[]): Schema {
  const schema: Schema = {};
  const items: Schema = {};
  for (const { name = '', constraints = [], each } of rules)
    Object.assign(each ? items : schema, readings[name]?.(constraints));
  if (schema['type'] === 'array') schema['items'] = { type: 'string', ...items };
  return { type: 'string', ...schema };
}

const isOptional = ({ type, name }: Rule): boolean => type === 'conditionalValidation' || name === 'isOptional';

/** Tells Swagger what class-validator knows of every body and query. */
export function describeValidatedClasses(): void {
  const { validationMetadatas } = getMetadataStorage() as unknown as {
    readonly validationMetadatas: ReadonlyMap<{ readonly prototype: object }, readonly Rule[]>;
  };
  for (const [target, rules] of validationMetadatas) {
    for (const property of new Set(rules.map(({ propertyName }) => propertyName))) {
      const own = rules.filter(({ propertyName }) => propertyName === property);
      const options = { ...schemaOf(own), required: !own.some(isOptional) } as ApiPropertyOptions;
      ApiProperty(options)(target.prototype, property);
    }
  }
}
