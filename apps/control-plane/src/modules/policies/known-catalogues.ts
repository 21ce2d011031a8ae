import { Injectable } from '@nestjs/common';
import type { CatalogueSnapshot } from '@sallyport/engine';
import type { Connection } from '../connections/connection.js';

type Source = (connection: Connection, database: string) => CatalogueSnapshot | undefined;

/** What agents have sent about their targets. Whoever hears the agents registers here; until then nothing is known. */
@Injectable()
export class KnownCatalogues {
  private source: Source = () => undefined;

  readFrom(source: Source): void {
    this.source = source;
  }

  find(connection: Connection, database: string): CatalogueSnapshot | undefined {
    return this.source(connection, database);
  }
}
