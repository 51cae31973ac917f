# Runs every chart of the imported dashboard through Superset's own API, as a browser that opens it does, then each dataset's
# first metric beside the same question put to ClickHouse without Superset. Prints a line for each; ends with 1 when one is wrong.
import os
import sys

import clickhouse_connect
from superset.app import create_app

app = create_app()
problems = 0


def say(is_right, text):
    global problems
    problems += 0 if is_right else 1
    print(("OK " if is_right else "NO ") + text)


def dictionary(row, names):
    return ", ".join(f"{name} {row[name]}" for name in names)


with app.test_client() as browser:
    login = {"username": "admin", "password": os.environ["SUPERSET_TRIAL_KEY"], "provider": "db"}
    token = browser.post("/api/v1/security/login", json=login).json["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    dashboards = browser.get("/api/v1/dashboard/", headers=headers).json["result"]
    for dashboard in dashboards:
        charts = browser.get(f"/api/v1/dashboard/{dashboard['id']}/charts", headers=headers).json["result"]
        print(f"dashboard {dashboard['dashboard_title']}: {len(charts)} charts")
        for chart in charts:
            answer = browser.get(f"/api/v1/chart/{chart['id']}/data/?force=true", headers=headers)
            if answer.status_code != 200:
                say(False, f"chart {chart['slice_name']}: {answer.status_code} {answer.text[:600]}")
                continue
            result = answer.json["result"][0]
            rows = result["data"]
            first = "" if not rows else ", the first: " + dictionary(rows[0], result["colnames"])
            say(result["status"] == "success" and len(rows) > 0, f"chart {chart['slice_name']}: {len(rows)} rows{first}")
    own = clickhouse_connect.get_client(dsn=os.environ["CLICKHOUSE_DSN"])
    for found in sorted(browser.get("/api/v1/dataset/", headers=headers).json["result"], key=lambda dataset: dataset["id"]):
        dataset = browser.get(f"/api/v1/dataset/{found['id']}", headers=headers).json["result"]
        metric = dataset["metrics"][0]
        query = {"datasource": {"id": found["id"], "type": "table"}, "force": True, "queries": [{"metrics": [metric["metric_name"]], "columns": []}]}
        answer = browser.post("/api/v1/chart/data", headers=headers, json=query)
        told = answer.json["result"][0]["data"][0][metric["metric_name"]] if answer.status_code == 200 else answer.text[:600]
        direct = own.query(f"SELECT {metric['expression']} FROM {dataset['schema']}.{dataset['table_name']}").result_rows[0][0]
        say(told == direct, f"dataset {dataset['schema']}.{dataset['table_name']}: {metric['metric_name']} {told} in Superset, {direct} in ClickHouse")

sys.exit(1 if problems else 0)
