#!/usr/bin/env python3
"""How does metadata of Milvus 1.x move from SQLite to MySQL?

    milvus1_mysql.py META.SQLITE OUT.SQL    SQL for a server's --init-file: database and user `milvus`, password `testsecret`
"""
import sqlite3
import sys


def quoted(value):
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


db = sqlite3.connect(sys.argv[1])
with open(sys.argv[2], "w", encoding="utf-8") as out:
    # one statement a line, as --init-file wants
    print("SET NAMES utf8mb4;", file=out)
    print("CREATE DATABASE IF NOT EXISTS milvus CHARACTER SET utf8mb4;", file=out)
    print("CREATE USER IF NOT EXISTS 'milvus'@'%' IDENTIFIED BY 'testsecret';", file=out)
    print("GRANT SELECT ON milvus.* TO 'milvus'@'%';", file=out)
    for table in ("Environment", "Tables", "TableFiles"):
        columns = db.execute(f"PRAGMA table_info({table})").fetchall()
        types = ", ".join(f"`{c[1]}` " + ("VARCHAR(255)" if c[2] == "TEXT" else "BIGINT") for c in columns)
        print(f"CREATE TABLE milvus.{table} ({types});", file=out)
        for row in db.execute(f"SELECT * FROM {table}"):
            print(f"INSERT INTO milvus.{table} VALUES ({', '.join(map(quoted, row))});", file=out)
