import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The public key of each certificate: agents sign recordings by it. Certificates from before have none, until renewed. */
export class AgentKeys1795254540000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table agent_certificates
        add column public_key bytea,
        add column key_digest text,
        add constraint agent_certificates_key check ((public_key is null) = (key_digest is null)),
        add constraint agent_certificates_key_digest_shape check (key_digest ~ '^[0-9a-f]{64}$')`);
    await runner.query('create index agent_certificates_key_digest on agent_certificates (key_digest)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table agent_certificates drop column public_key, drop column key_digest');
  }
}
