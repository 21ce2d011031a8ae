/** A ready-made set of policies that a new installation starts from and edits. */
export interface PolicyPack {
  readonly name: string;
  readonly title: string;
  /** Cedar text. Ids are unique over all packs of different protocols, so that one text may hold several. */
  readonly text: string;
}
