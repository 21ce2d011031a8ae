/** The agent's own judgement of a statement: what of its answer must be hidden. The stricter of the two gates' wins. */
import type { CatalogueSnapshot } from '@sallyport/engine';
import type { Masker } from '@sallyport/masking';
import {
  type Catalogue,
  type CopyDescription,
  type Lineage,
  lineageDigest,
  outputsOf,
  reachOf,
  type SqlDescription,
} from '@sallyport/sql';
import type { CopyResponse, Field } from './backend.js';
import { copyCleaner } from './copy-out.js';
import type { SqlDescriber } from './describe.js';
import { masksOf, masksOfOutputs, ownValues } from './lineage-masks.js';
import type { SessionMemory } from './memory.js';
import { type AnswerMask, maskOf, type OriginContext, unprovenMask } from './origin.js';
import type { RowCleaner } from './rewriter.js';
import { rowCleaner } from './rows.js';

export interface Judged {
  readonly description: SqlDescription | undefined;
  readonly reaches: boolean;
  readonly opaque: boolean;
  /** Where the outputs of each statement come from, if both gates have found the same and nothing in the session speaks against it. */
  readonly outputs: readonly Lineage['outputs'][] | undefined;
}

/** What the control plane has said of a statement. */
export interface Told {
  readonly reaches: boolean;
  readonly lineage?: string | undefined;
}

/** For answers to what no statement of the client's asked for. */
export const unasked: Judged = { description: undefined, reaches: true, opaque: true, outputs: undefined };

export interface JudgeOptions {
  readonly masker: Masker;
  readonly describer: SqlDescriber;
  readonly memory: Pick<SessionMemory, 'sqlSession' | 'tainted' | 'codeRan'>;
  readonly snapshot: () => CatalogueSnapshot | undefined;
}

/** Code that nobody has read may put anything anywhere; what hangs on a relation, into a row that is written and then shown. */
const provesOutputs = ({ flags, opaque, touches }: SqlDescription): boolean =>
  !opaque && (!flags.includes('hidden-code') || !touches.some(({ written }) => written));

interface HidingOf {
  readonly reaches: boolean;
  readonly outputs: Lineage['outputs'];
  readonly catalogue: Catalogue | undefined;
  readonly columns: string;
}

/** How the columns of one result are hidden. */
interface Hiding extends HidingOf {
  readonly masks: readonly (AnswerMask | undefined)[];
  readonly own: readonly boolean[];
}

const signatureOf = (fields: readonly Field[]): string => {
  let columns = '';
  for (const { table, attribute } of fields) columns += `${table}.${attribute} `;
  return columns;
};

const isOf = (known: Hiding | undefined, of: HidingOf): known is Hiding =>
  known !== undefined &&
  known.outputs === of.outputs &&
  known.catalogue === of.catalogue &&
  known.reaches === of.reaches &&
  known.columns === of.columns;

export class Judge {
  readonly #options: JudgeOptions;

  constructor(options: JudgeOptions) {
    this.#options = options;
  }

  get masker(): Masker {
    return this.#options.masker;
  }

  /** @param text undefined for a portal or statement that nobody saw being made */
  judge(text: string | undefined, told: Told): Judged {
    const { describer, memory, snapshot, masker } = this.#options;
    if (text === undefined) return { ...unasked, reaches: masker.hasColumnRules };
    const { description } = describer.describe(text, memory.sqlSession(this.#catalogue()), snapshot());
    const uncertain = told.reaches || memory.tainted || memory.codeRan;
    const reaches = masker.hasColumnRules && (uncertain || this.#reaches(description));
    const isAgreed = told.lineage === undefined || told.lineage === lineageDigest(description);
    const isProven = isAgreed && !memory.tainted && !memory.codeRan && provesOutputs(description);
    return { description, reaches, opaque: description.opaque, outputs: isProven ? outputsOf(description) : undefined };
  }

  /** @param at which statement of the text the rows are of */
  rows(fields: readonly Field[], { reaches, description, outputs }: Judged, at = 0): RowCleaner {
    const catalogue = this.#catalogue();
    const of = { reaches, outputs: outputs?.[at], catalogue, columns: signatureOf(fields) };
    const known = description && this.#hidings.get(description);
    const hiding = isOf(known, of) ? known : this.#hidingOf(fields, of, description);
    return rowCleaner({ fields, masks: hiding.masks, own: hiding.own, masker: this.masker });
  }

  /** The same for every execution, as long as nothing that it is made of has changed. */
  #hidingOf(fields: readonly Field[], of: HidingOf, description: SqlDescription | undefined): Hiding {
    const { reaches, outputs, catalogue } = of;
    const context = { masker: this.masker, catalogue, reaches, written: this.#carries(description) };
    const hiding = { ...of, masks: masksOf(fields, outputs, context), own: ownValues(fields, outputs) };
    if (description !== undefined) this.#hidings.set(description, hiding);
    return hiding;
  }
  readonly #hidings = new WeakMap<SqlDescription, Hiding>();

  /**
   * @param index which COPY of the text it is
   * @param at which statement
   */
  copy(response: CopyResponse, judged: Judged, { index, at }: { index: number; at: number }): RowCleaner {
    const { description, reaches } = judged;
    const outputs = judged.outputs?.[at];
    const copy = description?.copy?.filter(({ direction }) => direction === 'out')[index];
    const unresolved = (description?.unresolved.length ?? 1) > 0;
    return copyCleaner({
      response,
      description: copy,
      masker: this.masker,
      names: copy?.columns ?? outputs?.map(({ name }) => name) ?? [],
      masks: this.#copyMasks(unresolved ? undefined : copy, response, { reaches, outputs }),
    });
  }

  #copyMasks(
    copy: CopyDescription | undefined,
    { columns }: CopyResponse,
    { reaches, outputs }: { readonly reaches: boolean; readonly outputs: Lineage['outputs'] },
  ): (AnswerMask | undefined)[] {
    if (!reaches) return Array.from({ length: columns }, () => undefined);
    const catalogue = this.#catalogue();
    if (copy?.relation === undefined && outputs?.length === columns)
      return masksOfOutputs(outputs, { masker: this.masker, catalogue });
    const relation = catalogue?.relations.find(({ oid }) => oid === copy?.relation?.oid);
    if (copy?.columns === undefined || relation === undefined)
      return Array.from({ length: columns }, () => unprovenMask);
    const context = { masker: this.masker, catalogue, reaches, written: [] };
    return copy.columns.map((name) =>
      maskOf(
        { table: relation.oid, attribute: relation.columns.find((column) => column.name === name)?.attnum ?? 0 },
        context,
      ),
    );
  }

  /** Relations that may come to hold what the same statement has read: `RETURNING` shows it. */
  #carries(description: SqlDescription | undefined): OriginContext['written'] {
    if (description === undefined) return 'any';
    const written = description.touches.filter((touch) => touch.written);
    if (written.length === 0) return written;
    const touches = description.touches.map((touch) => ({ ...touch, written: false }));
    return this.#reaches({ ...description, touches }) ? written : [];
  }

  #reaches(description: SqlDescription): boolean {
    const catalogue = this.#catalogue();
    const known = this.#reached.get(description);
    if (known !== undefined && known.catalogue === catalogue) return known.reaches;
    const { reaches } = reachOf(
      description,
      catalogue,
      (schema, table, column) => this.masker.column(schema, table, column)?.rule,
    );
    this.#reached.set(description, { catalogue, reaches });
    return reaches;
  }
  readonly #reached = new WeakMap<
    SqlDescription,
    { readonly catalogue: Catalogue | undefined; readonly reaches: boolean }
  >();

  #catalogue(): Catalogue | undefined {
    return this.#options.describer.catalogue(this.#options.snapshot());
  }
}
