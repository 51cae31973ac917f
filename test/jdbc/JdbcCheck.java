// What a tool that speaks JDBC does with the endpoint, with the driver's defaults (native
// compression among them). Prints one line per finding; the test compares them.
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

public class JdbcCheck {
  public static void main(String[] arguments) throws Exception {
    String url = arguments[0];
    Class.forName("com.clickhouse.jdbc.Driver");
    try (Connection connection = DriverManager.getConnection(url, login(System.getenv("JDBC_PASSWORD")))) {
      metadata(connection);
      reading(connection);
      inserting(connection, arguments[1]);
      views(connection);
      failing(connection);
    }
    try (Connection connection = DriverManager.getConnection(url.replaceFirst("/[^/]*$", "/queue"), analyst())) {
      readOnly(connection);
    }
    try (Connection connection = DriverManager.getConnection(url, login("wrong")); Statement statement = connection.createStatement()) {
      statement.executeQuery("SELECT 1");
    } catch (SQLException error) {
      print("login refused", error.getMessage().contains("Code: 516"));
    }
  }

  private static Properties login(String password) {
    Properties properties = new Properties();
    properties.setProperty("user", System.getenv("JDBC_USER"));
    if (password != null) properties.setProperty("password", password);
    return properties;
  }

  private static Properties analyst() {
    Properties properties = new Properties();
    properties.setProperty("user", System.getenv("JDBC_ANALYST"));
    properties.setProperty("password", System.getenv("JDBC_ANALYST_PASSWORD"));
    return properties;
  }

  /** What a BI tool does for somebody who may only read: look around, ask views, and be refused. */
  private static void readOnly(Connection connection) throws SQLException {
    int tables = 0;
    try (ResultSet found = connection.getMetaData().getTables(null, "queue", "%", null)) {
      while (found.next()) if (found.getString("TABLE_NAME").equals("tickets")) tables++;
    }
    int columns = 0;
    try (ResultSet found = connection.getMetaData().getColumns(null, "queue", "tickets", "integration_id")) {
      while (found.next()) columns++;
    }
    print("analyst sees", tables + " table, " + columns + " column");
    try (PreparedStatement statement = connection.prepareStatement("SELECT count() FROM tickets WHERE integration_id != ?")) {
      statement.setString(1, "acme");
      try (ResultSet result = statement.executeQuery()) {
        result.next();
        print("analyst reads of others", result.getLong(1));
      }
    }
    try (Statement statement = connection.createStatement()) {
      statement.executeQuery("SELECT * FROM queue.timeline");
      print("no error", "for an analyst");
    } catch (SQLException error) {
      print("analyst refused", error.getMessage().contains("Code: 60"));
    }
  }

  private static void print(String name, Object value) {
    System.out.println(name + " = " + value);
  }

  private static void metadata(Connection connection) throws SQLException {
    print("product", connection.getMetaData().getDatabaseProductName());
    try (ResultSet columns = connection.getMetaData().getColumns(null, "system", "one", "%")) {
      while (columns.next()) print("column", columns.getString("COLUMN_NAME") + " " + columns.getString("TYPE_NAME"));
    }
  }

  private static void reading(Connection connection) throws SQLException {
    long rows = 0;
    long characters = 0;
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("SELECT number, repeat('ü', number % 10) AS s FROM numbers(200000)")) {
      while (result.next()) {
        rows++;
        characters += result.getString(2).length();
      }
    }
    print("read", rows + " " + characters);
    try (PreparedStatement statement = connection.prepareStatement("SELECT ?, ? + 1, toString(?)")) {
      statement.setString(1, "it's a \\ 'text' ? ü");
      statement.setLong(2, 41);
      statement.setTimestamp(3, new Timestamp(0));
      try (ResultSet result = statement.executeQuery()) {
        result.next();
        print("prepared", result.getString(1) + " " + result.getLong(2));
      }
    }
  }

  private static void inserting(Connection connection, String table) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE " + table + " (a Int32, b String, t DateTime64(3), n Nullable(Float64)) ENGINE = MergeTree ORDER BY a");
    }
    try (PreparedStatement statement = connection.prepareStatement("INSERT INTO " + table + " (a, b, t, n) VALUES (?, ?, ?, ?)")) {
      for (int row = 0; row < 3000; row++) {
        statement.setInt(1, row);
        statement.setString(2, "it's in a file (\\" + row + ")");
        statement.setTimestamp(3, new Timestamp(row * 1000L));
        statement.setObject(4, row % 2 == 0 ? null : row / 2.0);
        statement.addBatch();
      }
      statement.executeBatch();
    }
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("SELECT count(), sum(a), max(b), countIf(n IS NULL) FROM " + table)) {
      result.next();
      print("inserted", result.getLong(1) + " " + result.getLong(2) + " " + result.getString(3) + " " + result.getLong(4));
    }
  }

  private static void views(Connection connection) throws SQLException {
    List<String> names = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("SELECT database || '.' || name FROM system.tables WHERE engine = 'View' AND database IN ('queue', 'agents', 'log')"
            + " AND create_table_query NOT LIKE '%{%:%}%' ORDER BY 1")) {
      while (result.next()) names.add(result.getString(1));
    }
    int read = 0;
    for (String name : names) {
      try (Statement statement = connection.createStatement(); ResultSet result = statement.executeQuery("SELECT * FROM " + name + " LIMIT 2")) {
        while (result.next()) for (int column = 1; column <= result.getMetaData().getColumnCount(); column++) result.getObject(column);
        read++;
      } catch (SQLException error) {
        print("view failed", name + ": " + error.getMessage());
      }
    }
    print("views read", read + " of " + names.size());
  }

  private static void failing(Connection connection) {
    for (String sql : new String[] {"SELECT nope", "SELECT * FROM nowhere", "SELECT throwIf(number = 100, 'said by the engine') FROM numbers(1000)"}) {
      try (Statement statement = connection.createStatement(); ResultSet result = statement.executeQuery(sql)) {
        while (result.next()) result.getObject(1);
        print("no error", sql);
      } catch (SQLException error) {
        print("error", error.getMessage().replaceAll("(?s)^.*?(Code: \\d+).*?(said by the engine|\\([A-Z_]+\\)).*$", "$1 $2"));
      }
    }
  }
}
