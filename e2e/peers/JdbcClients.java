import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.sql.*;
import java.util.*;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyManager;
import org.postgresql.largeobject.LargeObject;
import org.postgresql.largeobject.LargeObjectManager;
import org.postgresql.util.PSQLException;

/** What programs do with the JDBC driver, feature by feature, each on a connection of its own. Prints a line for each answer. */
public class JdbcClients {
  interface Feature {
    void run(Connection connection) throws Exception;
  }

  static final Map<String, Feature> features = new LinkedHashMap<>();
  static final Map<String, String> options = new HashMap<>();

  static void feature(String name, String parameters, Feature feature) {
    features.put(name, feature);
    options.put(name, parameters);
  }

  public static void main(String[] arguments) throws Exception {
    declare();
    for (Map.Entry<String, Feature> each : features.entrySet()) {
      say("== " + each.getKey());
      try (Connection connection = connect(options.get(each.getKey()))) {
        each.getValue().run(connection);
        for (SQLWarning warning = connection.getWarnings(); warning != null; warning = warning.getNextWarning())
          say("warning " + warning.getSQLState() + " " + warning.getMessage());
      } catch (SQLException error) {
        say("failed " + describe(error));
      }
    }
  }

  static Connection connect(String parameters) throws SQLException {
    String url = "jdbc:postgresql://127.0.0.1:" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE") + "?sslmode=disable" + parameters;
    return DriverManager.getConnection(url, System.getenv("PGUSER"), System.getenv("PGPASSWORD"));
  }

  static void say(Object text) {
    System.out.println(text);
  }

  static String describe(SQLException error) {
    StringBuilder said = new StringBuilder(error.getSQLState() + " " + error.getMessage());
    if (error instanceof PSQLException && ((PSQLException) error).getServerErrorMessage() != null) {
      var server = ((PSQLException) error).getServerErrorMessage();
      said.append(" | ").append(server.getConstraint()).append(' ').append(server.getTable()).append(' ').append(server.getPosition()).append(' ').append(server.getRoutine());
    }
    return said.toString().replace('\n', '~');
  }

  static void fails(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
      say("no error: " + sql);
    } catch (SQLException error) {
      say(describe(error));
    }
  }

  static void rows(ResultSet rows) throws SQLException {
    ResultSetMetaData columns = rows.getMetaData();
    StringBuilder head = new StringBuilder();
    for (int at = 1; at <= columns.getColumnCount(); at++)
      head.append(columns.getColumnLabel(at)).append(':').append(columns.getColumnTypeName(at)).append('(').append(columns.getPrecision(at)).append(',').append(columns.getScale(at)).append(") ");
    say(head);
    while (rows.next()) {
      StringBuilder line = new StringBuilder();
      for (int at = 1; at <= columns.getColumnCount(); at++) {
        Object value = rows.getObject(at);
        line.append(value instanceof byte[] ? Arrays.toString((byte[]) value) : value instanceof java.sql.Array ? Arrays.deepToString((Object[]) ((java.sql.Array) value).getArray()) : value).append(" | ");
      }
      say(line);
    }
  }

  static void query(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement(); ResultSet found = statement.executeQuery(sql)) {
      rows(found);
    }
  }

  static void run(Connection connection, String... texts) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      for (String sql : texts) {
        boolean isResult = statement.execute(sql);
        for (int results = 0; results < 20; results++) {
          if (isResult) rows(statement.getResultSet());
          else if (statement.getUpdateCount() == -1) break;
          else say("updated " + statement.getUpdateCount());
          isResult = statement.getMoreResults();
        }
      }
    }
  }

  static void typed(Connection connection) throws SQLException {
    String sql = "select ?::bool, ?::int2, ?::int4, ?::int8, ?::float4, ?::float8, ?::numeric, ?::text, ?::bytea, ?::date, ?::timestamptz, ?::uuid, ?::int4[], ?::jsonb, ?::time";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int round = 0; round < 8; round++) {
        statement.setBoolean(1, round % 2 == 0);
        statement.setShort(2, (short) -round);
        statement.setInt(3, Integer.MAX_VALUE - round);
        statement.setLong(4, Long.MIN_VALUE + round);
        statement.setFloat(5, 1.5f * round);
        statement.setDouble(6, 0.1 * round);
        statement.setBigDecimal(7, new java.math.BigDecimal("12345.678900"));
        statement.setString(8, "täxt ☃ 𝄞 " + round);
        statement.setBytes(9, new byte[] {0, 1, (byte) 254, (byte) round});
        statement.setObject(10, java.time.LocalDate.of(2024, 2, 29));
        statement.setObject(11, java.time.OffsetDateTime.of(2024, 1, 1, 0, 0, round, 0, java.time.ZoneOffset.UTC));
        statement.setObject(12, UUID.fromString("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"));
        statement.setArray(13, connection.createArrayOf("int4", new Integer[] {1, null, round}));
        statement.setObject(14, "{\"a\": [1, null]}", Types.OTHER);
        statement.setObject(15, java.time.LocalTime.of(12, 34, 56));
        try (ResultSet found = statement.executeQuery()) {
          rows(found);
        }
      }
    }
  }

  static void batches(Connection connection) throws SQLException {
    run(connection, "create temporary table b (id int primary key, note text)");
    try (PreparedStatement statement = connection.prepareStatement("insert into b values (?, ?)")) {
      for (int id = 0; id < 500; id++) {
        statement.setInt(1, id);
        statement.setString(2, "note " + id);
        statement.addBatch();
      }
      say(Arrays.toString(statement.executeBatch()).length());
    }
    try (PreparedStatement statement = connection.prepareStatement("insert into b values (?, 'again') returning id", Statement.RETURN_GENERATED_KEYS)) {
      for (int id : new int[] {600, 601, 5, 602}) {
        statement.setInt(1, id);
        statement.addBatch();
      }
      try {
        statement.executeBatch();
      } catch (BatchUpdateException error) {
        say(Arrays.toString(error.getUpdateCounts()) + " " + error.getSQLState());
      }
    }
    try (Statement statement = connection.createStatement()) {
      statement.addBatch("update b set note = 'x' where id < 10");
      statement.addBatch("delete from b where id >= 490");
      statement.addBatch("create temporary table b2 (a int)");
      say(Arrays.toString(statement.executeBatch()));
    }
    query(connection, "select count(*), min(note), max(note) from b");
  }

  static void cursors(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.setFetchSize(50);
      try (ResultSet found = statement.executeQuery("select n, repeat('r', n % 20) from generate_series(1, 333) n")) {
        long sum = 0;
        while (found.next()) sum += found.getInt(1);
        say("sum " + sum);
      }
      try (ResultSet found = statement.executeQuery("select n from generate_series(1, 100000) n")) {
        for (int read = 0; read < 120; read++) found.next();
        say("stopped at " + found.getInt(1));
      }
      try (ResultSet found = statement.executeQuery("select 1/(120 - n) from generate_series(1, 500) n")) {
        int read = 0;
        while (found.next()) read++;
      } catch (SQLException error) {
        say(describe(error));
      }
    }
    connection.rollback();
    try (Statement one = connection.createStatement(); Statement other = connection.createStatement()) {
      one.setFetchSize(2);
      other.setFetchSize(3);
      ResultSet left = one.executeQuery("select n from generate_series(1, 7) n");
      ResultSet right = other.executeQuery("select -n from generate_series(1, 7) n");
      while (left.next() && right.next()) say(left.getInt(1) + " " + right.getInt(1));
    }
    connection.commit();
    try (Statement statement = connection.createStatement()) {
      statement.execute("declare c scroll cursor with hold for select n from generate_series(1, 10) n");
      connection.commit();
      query(connection, "fetch 3 from c");
      query(connection, "fetch last from c");
      statement.execute("close c");
    }
    try (Statement statement = connection.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE)) {
      statement.execute("create temporary table u (id int primary key, note text); insert into u values (1, 'a'), (2, 'b')");
      ResultSet found = statement.executeQuery("select id, note from u order by id");
      found.last();
      found.updateString(2, "changed");
      found.updateRow();
      found.moveToInsertRow();
      found.updateInt(1, 3);
      found.updateString(2, "new");
      found.insertRow();
      found.first();
      found.deleteRow();
    }
    query(connection, "select * from u order by id");
    connection.commit();
  }

  static void copies(Connection connection) throws Exception {
    run(connection, "create temporary table c (a int, b text)");
    CopyManager copy = connection.unwrap(PGConnection.class).getCopyAPI();
    StringBuilder lines = new StringBuilder();
    for (int n = 0; n < 20000; n++) lines.append(n).append("\tnote ").append(n).append('\n');
    say(copy.copyIn("copy c from stdin", new ByteArrayInputStream(lines.toString().getBytes(StandardCharsets.UTF_8))));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    say(copy.copyOut("copy (select * from c order by a) to stdout", out) + " " + out.toString(StandardCharsets.UTF_8).contentEquals(lines));
    out.reset();
    say(copy.copyOut("copy (select * from c where a < 100 order by a) to stdout (format binary)", out) + " " + Arrays.hashCode(out.toByteArray()));
    say(copy.copyIn("copy c from stdin (format binary)", new ByteArrayInputStream(out.toByteArray())));
    try {
      copy.copyIn("copy c from stdin", new ByteArrayInputStream("x\ty\n".getBytes(StandardCharsets.UTF_8)));
    } catch (SQLException error) {
      say(describe(error));
    }
    CopyIn open = copy.copyIn("copy c from stdin");
    open.writeToCopy("1\tone\n".getBytes(StandardCharsets.UTF_8), 0, 6);
    open.cancelCopy();
    try {
      copy.copyOut("copy (select 1/(3-n) from generate_series(1, 5) n) to stdout", out);
    } catch (SQLException error) {
      say(describe(error));
    }
    query(connection, "select count(*), sum(a) from c");
  }

  static void cancels(Connection connection) throws Exception {
    try (Statement statement = connection.createStatement()) {
      Thread other = new Thread(() -> {
        try {
          Thread.sleep(500);
          statement.cancel();
        } catch (Exception error) {
          say("the cancel failed: " + error);
        }
      });
      other.start();
      try {
        statement.execute("select pg_sleep(20)");
      } catch (SQLException error) {
        say(describe(error));
      }
      other.join();
      statement.setQueryTimeout(1);
      try {
        statement.execute("select pg_sleep(20)");
      } catch (SQLException error) {
        say(describe(error));
      }
      statement.setQueryTimeout(0);
      query(connection, "select 'alive'");
    }
  }

  static void metadata(Connection connection) throws SQLException {
    run(connection, "drop schema if exists m cascade; create schema m; create table m.parent (id int primary key, name varchar(20) default 'x' not null, price numeric(8,2)); comment on table m.parent is 'about it';"
        + "create table m.child (id bigint generated always as identity primary key, parent int references m.parent on delete cascade, unique (parent)); create view m.v as select id from m.parent; create function m.f(a int) returns int language sql as 'select a'");
    DatabaseMetaData about = connection.getMetaData();
    say(about.getDatabaseProductName() + " " + about.getDatabaseProductVersion() + " " + about.getMaxConnections() + " " + about.getDefaultTransactionIsolation());
    rows(about.getSchemas());
    rows(about.getTables(null, "m", "%", null));
    rows(about.getColumns(null, "m", "%", "%"));
    rows(about.getPrimaryKeys(null, "m", "parent"));
    rows(about.getImportedKeys(null, "m", "child"));
    rows(about.getExportedKeys(null, "m", "parent"));
    rows(about.getIndexInfo(null, "m", "child", false, false));
    rows(about.getFunctions(null, "m", "%"));
    rows(about.getFunctionColumns(null, "m", "f", "%"));
    rows(about.getTablePrivileges(null, "m", "parent"));
    rows(about.getTypeInfo());
    try (PreparedStatement statement = connection.prepareStatement("select p.id, p.name, p.price, c.id from m.parent p join m.child c on c.parent = p.id where p.id = ? and p.name like ?")) {
      ParameterMetaData parameters = statement.getParameterMetaData();
      for (int at = 1; at <= parameters.getParameterCount(); at++) say(parameters.getParameterTypeName(at));
      ResultSetMetaData columns = statement.getMetaData();
      for (int at = 1; at <= columns.getColumnCount(); at++) say(columns.getTableName(at) + "." + columns.getColumnName(at) + " " + columns.isNullable(at) + " " + columns.isAutoIncrement(at));
    }
  }

  static void errors(Connection connection) throws SQLException {
    run(connection, "create temporary table e (id int primary key, age int constraint grown check (age > 17) not null); insert into e values (1, 20)");
    for (String sql : new String[] {"insert into e values (1, 20)", "insert into e values (2, null)", "insert into e values (2, 3)", "selec", "select * from missing", "select missing()", "select 'x'::int", "select 1/0", "select 1; select 1/0; select 2", "select '{'::json"}) fails(connection, sql);
    connection.setAutoCommit(false);
    fails(connection, "select 1/0");
    fails(connection, "select 1");
    connection.rollback();
    Savepoint point = connection.setSavepoint("a");
    fails(connection, "select 1/0");
    connection.rollback(point);
    query(connection, "select 'alive'");
    connection.commit();
    connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
    connection.setReadOnly(true);
    fails(connection, "create table no (a int)");
    connection.rollback();
  }

  static void calls(Connection connection) throws SQLException {
    run(connection, "create or replace function pg_temp.add(a int, b int) returns int language sql as 'select a + b'; create or replace procedure pg_temp.p(inout a int) language plpgsql as 'begin a := a * 2; end'");
    try (CallableStatement call = connection.prepareCall("{? = call pg_temp.add(?, ?)}")) {
      call.registerOutParameter(1, Types.INTEGER);
      call.setInt(2, 40);
      call.setInt(3, 2);
      call.execute();
      say(call.getInt(1));
    }
    try (CallableStatement call = connection.prepareCall("call pg_temp.p(?)")) {
      call.setInt(1, 21);
      call.registerOutParameter(1, Types.INTEGER);
      call.execute();
      say(call.getInt(1));
    }
    try (PreparedStatement statement = connection.prepareStatement("select ?::refcursor")) {
      connection.setAutoCommit(false);
      run(connection, "create function pg_temp.open() returns refcursor language plpgsql as $$ declare c refcursor := 'opened'; begin open c for select n from generate_series(1, 3) n; return c; end $$");
      try (CallableStatement call = connection.prepareCall("{? = call pg_temp.open()}")) {
        call.registerOutParameter(1, Types.REF_CURSOR);
        call.execute();
        rows((ResultSet) call.getObject(1));
      }
      connection.commit();
    }
  }

  static void notifications(Connection connection) throws SQLException {
    run(connection, "listen news", "notify news, 'one'", "select pg_notify('news', 'two')");
    for (PGNotification each : connection.unwrap(PGConnection.class).getNotifications(500)) say(each.getName() + " " + each.getParameter());
    run(connection, "do $$ begin raise notice 'n'; raise warning 'w'; end $$");
  }

  static void largeObjects(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    LargeObjectManager manager = connection.unwrap(PGConnection.class).getLargeObjectAPI();
    long id = manager.createLO();
    LargeObject object = manager.open(id);
    object.write(new byte[] {1, 2, 3});
    object.close();
    manager.delete(id);
    connection.commit();
  }

  static void declare() {
    feature("values, prepared by the server from the fifth time on", "", JdbcClients::typed);
    feature("values, in binary from the first time on", "&prepareThreshold=-1&binaryTransfer=true", JdbcClients::typed);
    feature("values, by the simple protocol", "&preferQueryMode=simple", JdbcClients::typed);
    feature("several results of one text", "", connection -> run(connection, "create temporary table s (a int); insert into s values (1), (2); select * from s; update s set a = 3; select 'x' as last", "", "select"));
    feature("batches", "", JdbcClients::batches);
    feature("batches, written as one statement", "&reWriteBatchedInserts=true", JdbcClients::batches);
    feature("cursors with a fetch size", "", JdbcClients::cursors);
    feature("cursors with a fetch size that adapts", "&defaultRowFetchSize=10&adaptiveFetch=true&maxResultBuffer=1M", JdbcClients::cursors);
    feature("COPY", "", JdbcClients::copies);
    feature("cancel and query timeout", "", JdbcClients::cancels);
    feature("metadata", "", JdbcClients::metadata);
    feature("errors and transactions", "", JdbcClients::errors);
    feature("errors with a savepoint before each statement", "&autosave=always", JdbcClients::errors);
    feature("functions and procedures", "&escapeSyntaxCallMode=callIfNoReturn", JdbcClients::calls);
    feature("notifications and warnings", "", JdbcClients::notifications);
    feature("large objects, by the protocol's function calls", "", JdbcClients::largeObjects);
  }
}
