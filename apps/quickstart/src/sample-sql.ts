import { readFileSync } from 'node:fs';
import { agentRole } from './clusters.js';
import { sampleSql } from './sample-data.js';

/** Prints the sample data as SQL, for docker-compose.yml: node sample-sql.js <file with the agent's password> */
process.stdout.write(sampleSql(agentRole, readFileSync(process.argv[2]!, 'utf8').trim()));
