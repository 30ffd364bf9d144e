"""The names of the settings in the environment, and which of them are secret."""

from collections.abc import Mapping
from types import MappingProxyType

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "basic_auth": "COMETHOOKS_BASIC_AUTH",
        "interaction_keys": "COMETHOOKS_INTERACTION_KEYS",
        "app_ids": "COMETHOOKS_APP_IDS",
        "apps": "COMETHOOKS_APPS",
        "api_url": "COMETCHAT_API_URL",
        "api_plan": "COMETCHAT_PLAN",
        "media_hosts": "COMETCHAT_MEDIA_HOSTS",
        "management_key": "COMETCHAT_MGMT_KEY",
        "management_secret": "COMETCHAT_MGMT_SECRET",
        "redis_url": "REDIS_URL",
        "redis_replicas": "COMETHOOKS_REDIS_REPLICAS",
        "key_prefix": "COMETHOOKS_KEY_PREFIX",
        "host": "COMETHOOKS_HOST",
        "server": "COMETHOOKS_SERVER",
        "database_url": "DATABASE_URL",
        "database_pool": "COMETHOOKS_DATABASE_POOL",
        "bind": "COMETHOOKS_BIND",
        "port": "PORT",
        "web_concurrency": "WEB_CONCURRENCY",
        "data_dir": "COMETHOOKS_DATA_DIR",
        "public_url": "COMETHOOKS_PUBLIC_URL",
        "public_status": "COMETHOOKS_PUBLIC_STATUS",
        "trusted_proxies": "COMETHOOKS_TRUSTED_PROXIES",
        "workers": "COMETHOOKS_WORKERS",
        "threads": "COMETHOOKS_THREADS",
        "partitions": "COMETHOOKS_PARTITIONS",
        "handler_timeout": "COMETHOOKS_HANDLER_TIMEOUT",
        "duplicate_window": "COMETHOOKS_DUPLICATE_WINDOW",
        "max_body": "COMETHOOKS_MAX_BODY",
        "max_backlog_bytes": "COMETHOOKS_MAX_BACKLOG_BYTES",
        "spool_dir": "COMETHOOKS_SPOOL_DIR",
        "spool_max_bytes": "COMETHOOKS_SPOOL_MAX_BYTES",
        "allow_loss": "COMETHOOKS_ALLOW_LOSS",
        "retention_days": "COMETHOOKS_RETENTION_DAYS",
        "payload_retention_days": "COMETHOOKS_PAYLOAD_RETENTION_DAYS",
        "run_retention_days": "COMETHOOKS_RUN_RETENTION_DAYS",
        "figure_minute_days": "COMETHOOKS_FIGURE_MINUTE_DAYS",
        "figure_hour_days": "COMETHOOKS_FIGURE_HOUR_DAYS",
        "figure_export": "COMETHOOKS_FIGURE_EXPORT",
        "strict_triggers": "COMETHOOKS_STRICT_TRIGGERS",
        "lenient_triggers": "COMETHOOKS_LENIENT_TRIGGERS",
        "drop_secrets": "COMETHOOKS_DROP_SECRETS",
        "count_only": "COMETHOOKS_COUNT_ONLY",
        "silence_after": "COMETHOOKS_SILENCE_AFTER",
        "decision_budget_ms": "COMETHOOKS_DECISION_BUDGET_MS",
        "on_decision_failure": "COMETHOOKS_ON_DECISION_FAILURE",
        "drop_answer": "COMETHOOKS_DROP_ANSWER",
        "annotations": "COMETHOOKS_ANNOTATIONS",
        "plugins": "COMETHOOKS_PLUGINS",
        "plugin_dir": "COMETHOOKS_PLUGIN_DIR",
        "disabled_plugins": "COMETHOOKS_DISABLED_PLUGINS",
        "notify_file": "COMETHOOKS_NOTIFY_FILE",
        "moderation_rules": "COMETHOOKS_MODERATION_RULES",
        "missing_plugin_wait": "COMETHOOKS_MISSING_PLUGIN_WAIT",
        "import_timeout": "COMETHOOKS_IMPORT_TIMEOUT",
        "passed_credentials": "COMETHOOKS_PASS_CREDENTIALS",
        "log_format": "COMETHOOKS_LOG_FORMAT",
    }
)
"""The environment variable of each field of `Settings`; `management` has two."""

MANAGEMENT = (NAMES["management_key"], NAMES["management_secret"])
"""What only both together are good for."""

SECRET = frozenset(
    (
        NAMES["basic_auth"],
        NAMES["interaction_keys"],
        NAMES["apps"],
        NAMES["redis_url"],
        NAMES["database_url"],
        *MANAGEMENT,
    )
)
"""Settings whose values no message quotes."""
