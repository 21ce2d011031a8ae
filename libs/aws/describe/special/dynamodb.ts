/** DynamoDB: tables in maps, in transactions and in PartiQL; indexes. */
import { isArn, namePart } from '../arn.js';
import type { Call } from '../call.js';
import type { Findings } from '../found.js';
import { isNode, type Node, textAt, textsAt, valuesAt } from '../members.js';
import { partiqlTexts, readPartiql } from '../sql/partiql.js';

const verbs = ['Get', 'Put', 'Update', 'Delete', 'ConditionCheck'] as const;

export const dynamodbResources = (call: Call, findings: Findings): boolean => {
  const tables = tablesOf(call);
  if (tables === undefined) return false;
  for (const { table, index } of tables) addTable(call, findings, table, index);
  if (tables.length === 0) findings.add(tableArn(call, '*'));
  if (tables.length === 0 && call.data?.l !== 'r') findings.markUnresolved();
  return true;
};

interface Named {
  readonly table: string;
  readonly index?: string;
}

const tablesOf = ({ operation, input }: Call): Named[] | undefined => {
  if (operation === 'BatchGetItem' || operation === 'BatchWriteItem')
    return valuesAt(input, 'RequestItems')
      .filter(isNode)
      .flatMap(Object.keys)
      .map((table) => ({ table }));
  if (operation === 'TransactGetItems' || operation === 'TransactWriteItems')
    return verbs.flatMap((verb) => textsAt(input, `TransactItems[].${verb}.TableName`)).map((table) => ({ table }));
  if (operation in partiqlTexts) return partiqlTables(operation, input);
  if (operation === 'Query' || operation === 'Scan') {
    const index = textAt(input, 'IndexName');
    return textsAt(input, 'TableName').map((table) => ({ table, ...(index === undefined ? {} : { index }) }));
  }
  return undefined;
};

const partiqlTables = (operation: string, input: Node): Named[] =>
  textsAt(input, partiqlTexts[operation]!).flatMap((text) => {
    const { table, index } = readPartiql(text);
    return table === undefined ? [] : [{ table, ...(index === undefined ? {} : { index }) }];
  });

const tableArn = ({ context }: Call, name: string): string =>
  `arn:${context.partition}:dynamodb:${context.region}:${context.account ?? '*'}:table/${name}`;

const addTable = (call: Call, findings: Findings, table: string, index: string | undefined): void => {
  const suffix = index === undefined ? '' : `/index/${namePart(index).text}`;
  if (index !== undefined && !namePart(index).fits) findings.markUnresolved();
  if (isArn(table)) findings.addArn(`${table}${suffix}`);
  else findings.addPart(namePart(table), (text) => `${tableArn(call, text)}${suffix}`);
};

/** Actions of a transaction are those of its parts. */
export const transactionActions = (input: Node): string[] =>
  verbs
    .filter((verb) => valuesAt(input, `TransactItems[].${verb}`).length > 0)
    .map((verb) => (verb === 'ConditionCheck' ? 'dynamodb:ConditionCheckItem' : `dynamodb:${verb}Item`));
