-- Le rôle de Grafana dans PostgreSQL : il lit les tables du registre que les tableaux montrent, et
-- rien d’autre ; il n’écrit rien. À jouer une fois, par le propriétaire de la base :
--   psql --set=password="…" --file=grafana/readers.sql vigie
CREATE ROLE vigie_grafana LOGIN PASSWORD :'password' NOSUPERUSER NOCREATEDB NOCREATEROLE
  CONNECTION LIMIT 10;
ALTER ROLE vigie_grafana SET default_transaction_read_only = on;
ALTER ROLE vigie_grafana SET statement_timeout = '15s';
ALTER ROLE vigie_grafana SET timezone = 'UTC';
GRANT USAGE ON SCHEMA public TO vigie_grafana;
GRANT SELECT ON subject, judgement, observation, outage, event, page_change TO vigie_grafana;
