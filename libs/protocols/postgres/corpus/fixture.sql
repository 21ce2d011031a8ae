-- Reference fixture for the evasion corpora. Canary values are synthetic.
CREATE EXTENSION dblink; CREATE EXTENSION postgres_fdw; CREATE EXTENSION file_fdw;
CREATE EXTENSION lo; CREATE EXTENSION hstore; CREATE EXTENSION pgcrypto; CREATE EXTENSION tablefunc; CREATE EXTENSION pageinspect; CREATE EXTENSION fuzzystrmatch; CREATE EXTENSION pg_trgm;
CREATE SCHEMA app;
CREATE TABLE app.customers(id int primary key, name text, email text, ssn text, card text, balance numeric, vip boolean, notes text, profile jsonb);
INSERT INTO app.customers SELECT g, 'Customer '||g, 'user'||g||'@corp.example', lpad((100+g)::text,3,'0')||'-'||lpad((g%90+10)::text,2,'0')||'-'||lpad((g*7)::text,4,'0'), '4539'||lpad((g*7919)::text,12,'0'), g*10, false, 'n', jsonb_build_object('k',g) FROM generate_series(10,400) g;
INSERT INTO app.customers VALUES
 (1,'Ada Quillfeather','ada.quillfeather@canary.example','523-48-7719','5500005555555559',100.50,true,'note one','{"phone":"+44 7700 900123","ssn":"523-48-7719"}'),
 (2,'Bo Thistlewood','bo.thistlewood@canary.example','618-22-9034','4012888888881881',20,true,'call 618-22-9034','{"phone":"+44 7700 900456"}'),
 (3,'Cy Marrowgate','cy.marrowgate@canary.example','901-77-3345','378282246310005',30,true,NULL,NULL);
CREATE TABLE app.orders(id int primary key, customer_id int references app.customers, total numeric, status text default 'new');
INSERT INTO app.orders SELECT g, (g%3)+1, g*5, 'new' FROM generate_series(1,5) g;
CREATE TABLE app.products(id int primary key, title text, price numeric);
INSERT INTO app.products SELECT g,'Product '||g, g FROM generate_series(1,50) g;
CREATE TABLE app.payroll(id int primary key, employee text, salary int, iban text);   -- whole table denied
INSERT INTO app.payroll VALUES (1,'Zed Ironpetal',777123,'GB29NWBK60161331926819'),(2,'Yan Coppervale',888456,'DE89370400440532013000');
CREATE TABLE app.events(id int, at date, who text) PARTITION BY RANGE(at);
CREATE TABLE app.events_2024 PARTITION OF app.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO app.events VALUES (1,'2024-05-05','Zed Ironpetal');
CREATE VIEW app.v_staff AS SELECT id, employee AS who, salary AS n, iban AS ref FROM app.payroll;
CREATE VIEW app.v_contacts AS SELECT id, ssn AS reference_no, email AS contact FROM app.customers;
CREATE SEQUENCE app.seq1;
CREATE FUNCTION app.f_purge() RETURNS int LANGUAGE sql VOLATILE AS $$ DELETE FROM app.orders; SELECT 1 $$;
CREATE FUNCTION app.f_purge_def() RETURNS int LANGUAGE sql VOLATILE SECURITY DEFINER AS $$ DELETE FROM app.orders; SELECT 1 $$;
CREATE FUNCTION app.f_payroll() RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT p::text FROM app.payroll p $$;
CREATE FUNCTION app.f_contact(i int) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT ssn FROM app.customers WHERE id=i $$;
CREATE FUNCTION app.f_exec(q text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$ DECLARE r text; BEGIN EXECUTE q INTO r; RETURN r; END $$;
CREATE PROCEDURE app.p_purge() LANGUAGE sql AS $$ DELETE FROM app.orders $$;
CREATE FUNCTION app.op_leak(text,text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE NOTICE 'x=%', $1; RETURN true; END $$;
CREATE OPERATOR app.=== (LEFTARG=text, RIGHTARG=text, PROCEDURE=app.op_leak);
CREATE FUNCTION app.secret_cast(text) RETURNS int LANGUAGE sql AS 'SELECT length($1)';
CREATE TABLE app.marker(v text);
CREATE RULE r_sel AS ON INSERT TO app.v_staff DO INSTEAD NOTHING;
ANALYZE;
SELECT lo_from_bytea(424242, 'large object canary IBAN GB29NWBK60161331926819');
DO $$ BEGIN
 IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname='agent_ro') THEN CREATE ROLE agent_ro LOGIN; END IF;
 IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname='agent_rw') THEN CREATE ROLE agent_rw LOGIN; END IF;
END $$;
-- Hardened reader: column grants only, read-only by default, PUBLIC execute stripped from what can be stripped by a DB owner.
ALTER ROLE agent_ro SET default_transaction_read_only=on; ALTER ROLE agent_ro SET statement_timeout='3s';
GRANT USAGE ON SCHEMA app TO agent_ro, agent_rw;
GRANT SELECT(id,name,balance,vip,notes) ON app.customers TO agent_ro;
GRANT SELECT ON app.orders, app.products TO agent_ro;
GRANT SELECT ON app.customers, app.orders, app.products, app.v_contacts TO agent_rw; GRANT INSERT,UPDATE,DELETE ON app.orders TO agent_rw;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA app FROM PUBLIC; REVOKE EXECUTE ON ALL PROCEDURES IN SCHEMA app FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA public TO PUBLIC;
DO $$ BEGIN EXECUTE format('REVOKE TEMP ON DATABASE %I FROM PUBLIC', current_database()); END $$;
