-- Run once at the leader, as postgres: psql -f database.sql
CREATE ROLE tradewind LOGIN PASSWORD 'change-me';
CREATE DATABASE tradewind OWNER tradewind ENCODING 'UTF8' TEMPLATE template0;
