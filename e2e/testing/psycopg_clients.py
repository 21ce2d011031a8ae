"""What a program does with psycopg 3. Prints one line of JSON: the same direct and through the gateway."""

import functools
import json
import os
import threading

import psycopg
from psycopg import errors, rows
from psycopg.types.json import Jsonb

said = []


def say(name, value):
    said.append([name, value])


def connect(**options):
    connection = psycopg.connect(os.environ.get("SALLYPORT_DSN", ""), autocommit=True, **options)
    connection.execute("set search_path = d")
    return connection


def pipelines():
    with connect() as connection:
        connection.execute("create table many (id int primary key, note text)")
        with connection.pipeline():
            cursors = [connection.execute("select %s::int * 2", (n,)) for n in range(100)]
        say("100 in a pipeline", [cursor.fetchone()[0] for cursor in cursors])

        with connection.cursor() as cursor:
            cursor.executemany("insert into many values (%s, %s)", [(n, f"note {n}") for n in range(1000)])
            say("executemany", cursor.rowcount)
            cursor.executemany("select note from many where id = %s", [(1,), (2,), (999,)], returning=True)
            found = []
            while True:
                found.append(cursor.fetchone()[0])
                if not cursor.nextset():
                    break
            say("executemany returning", found)

        # When the error is heard is a matter of time; what is sent must not be, or the answers could not be compared.
        outcomes = []
        try:
            with connection.pipeline() as pipeline:
                texts = ("insert into many values (5000, 'kept?')", "insert into many values (5000, 'twice')", "select 'skipped'")
                for step in (*(functools.partial(connection.execute, text) for text in texts), pipeline.sync):
                    try:
                        step()
                    except errors.UniqueViolation as error:
                        outcomes.append([error.sqlstate, error.diag.constraint_name])
                    except errors.PipelineAborted:
                        pass
        except errors.PipelineAborted:
            pass
        outcomes.append(connection.execute("select count(*) from many where id = 5000").fetchone()[0])
        say("an error in a pipeline", outcomes)

        with connection.pipeline() as pipeline:
            good = connection.execute("select 1")
            pipeline.sync()
            try:
                connection.execute("select 1/0").fetchone()
            except errors.DivisionByZero as error:
                say("caught inside", error.sqlstate)
            pipeline.sync()
            after = connection.execute("select 2")
            say("around the error", [good.fetchone()[0], after.fetchone()[0]])

        with connection.pipeline():
            with connection.transaction():
                connection.execute("insert into many values (6000, 'a')")
                try:
                    with connection.transaction():
                        connection.execute("insert into many values (6000, 'b')")
                        connection.execute("select 1").fetchone()
                except errors.UniqueViolation:
                    pass
                connection.execute("insert into many values (6001, 'c')")
        say("savepoints in a pipeline", connection.execute("select array_agg(id order by id) from many where id >= 6000").fetchone()[0])


def cursors():
    with connect() as connection:
        with connection.transaction():
            with connection.cursor("server_side") as cursor:
                cursor.itersize = 7
                cursor.execute("select n, n::text from generate_series(1, 50) n")
                say("server-side cursor", [len(cursor.fetchmany(20)), len(list(cursor))])
            with connection.cursor("scrolling", scrollable=True, binary=True) as cursor:
                cursor.execute("select n::int8 from generate_series(1, 10) n")
                cursor.scroll(5)
                one = cursor.fetchone()
                cursor.scroll(-3)
                say("scrolling", [one[0], cursor.fetchone()[0]])
        with connection.cursor() as cursor:
            say("streamed", sum(row[0] for row in cursor.stream("select n from generate_series(1, 500) n")))


def copies():
    with connect() as connection:
        connection.execute("create table copied (id int, note text, at timestamptz, body jsonb)")
        with connection.cursor() as cursor:
            with cursor.copy("copy copied from stdin") as copy:
                for n in range(500):
                    copy.write_row((n, None if n % 3 else f"tab\t{n}", "2024-01-01 00:00+00", Jsonb({"n": n})))
            say("copy in", cursor.rowcount)
            with cursor.copy("copy copied (id, note) from stdin (format binary)") as copy:
                copy.set_types(["int4", "text"])
                for n in range(500, 700):
                    copy.write_row((n, f"binary {n}"))
            say("copy in, binary", cursor.rowcount)
            with cursor.copy("copy (select id, note from copied where id >= %s order by id) to stdout", (695,)) as copy:
                say("copy out", [bytes(block).decode() for block in copy])
            with cursor.copy("copy (select id, note from copied order by id limit 3) to stdout (format binary)") as copy:
                copy.set_types(["int4", "text"])
                say("copy out, binary", [list(row) for row in copy.rows()])
            for text in ("copy copied (id) from stdin", "copy missing from stdin"):
                try:
                    with cursor.copy(text) as copy:
                        copy.write("1\nnot a number\n")
                except psycopg.Error as error:
                    say(text, error.sqlstate)
            try:
                with cursor.copy("copy copied (id) from stdin") as copy:
                    copy.write("1\n")
                    raise RuntimeError("changed my mind")
            except RuntimeError as error:
                say("copy given up", [str(error), connection.info.transaction_status.name])
            say("after all copies", cursor.execute("select count(*) from copied").fetchone()[0])


def types():
    with connect(prepare_threshold=2) as connection:
        values = (1, 2**40, 1.5, "täxt", b"\0\1\xff", None, True, [1, 2], Jsonb({"a": [1]}))
        for binary in (False, True):
            with connection.cursor(binary=binary, row_factory=rows.dict_row) as cursor:
                cursor.execute(
                    "select %b::int4 a, %b::int8 b, %b::float8 c, %t::text d, %b::bytea e, %s::text f, %b::bool g, %b::int4[] h, %b::jsonb i", values
                )
                row = cursor.fetchone()
                say("binary" if binary else "text", {key: repr(value) for key, value in row.items()})
        for n in range(10):
            connection.execute("select %s::int + 1", (n,))
        say("prepared", connection.execute("select count(*) from pg_prepared_statements").fetchone()[0])
        say("prepared again", connection.execute("select %s::int + 1", (7,)).fetchone()[0])
        try:
            connection.execute("select %s::int", ("x",))
        except psycopg.Error as error:
            say("diagnostics", [error.sqlstate, error.diag.message_primary, error.diag.severity])
        many = ["x"] * 30_000
        say("30,000 parameters", connection.execute(f"select count(*) from (values {','.join(['(%s)'] * len(many))}) v", many).fetchone()[0])
        say("big parameter", connection.execute("select length(%s)", ("y" * 3_000_000,)).fetchone()[0])


def notifications():
    with connect() as connection:
        heard = []
        connection.add_notify_handler(lambda notice: heard.append([notice.channel, notice.payload, notice.pid == connection.info.backend_pid]))
        connection.execute("listen news")
        connection.execute("select pg_notify('news', 'to myself')")
        say("heard at once", heard)
        say("backend pid", connection.execute("select pg_backend_pid()").fetchone()[0] == connection.info.backend_pid)
        notices = []
        connection.add_notice_handler(lambda diagnostic: notices.append([diagnostic.severity, diagnostic.message_primary]))
        connection.execute("do $$ begin raise warning 'careful'; end $$")
        say("notices", notices)


    with connect() as connection, connect() as other:
        connection.execute("listen news")
        other.execute("notify news, 'from another'")
        found = connection.notifies(timeout=10, stop_after=1)
        say("waited for", [[one.channel, one.payload, one.pid == other.info.backend_pid] for one in found])


def cancels():
    with connect() as connection:
        threading.Timer(0.5, connection.cancel_safe).start()
        try:
            connection.execute("select pg_sleep(20)")
        except psycopg.Error as error:
            say("cancelled", error.sqlstate)
        say("alive", connection.execute("select 1").fetchone()[0])


def two_phase_and_isolation():
    with psycopg.connect(os.environ.get("SALLYPORT_DSN", "")) as connection:
        connection.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
        connection.read_only = True
        say("isolation", connection.execute("select current_setting('transaction_isolation'), current_setting('transaction_read_only')").fetchone())
        try:
            connection.execute("create table d.never (a int)")
        except errors.ReadOnlySqlTransaction as error:
            say("read only", [error.sqlstate, connection.info.transaction_status.name])
        connection.rollback()
        say("settings", [connection.info.encoding, connection.info.parameter_status("server_version"), connection.info.parameter_status("session_authorization")])


for part in (pipelines, cursors, copies, types, notifications, cancels, two_phase_and_isolation):
    part()
print(json.dumps(said))
