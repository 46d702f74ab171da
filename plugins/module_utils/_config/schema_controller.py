# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every key of controller.yml that release 1.0 or a later one reads.

Source: upstream/controller-config.yml, upstream/config.md sections 2 and 8.
"""

from __future__ import annotations

from .schema import (
    ANY_ADDRESS,
    BOOL,
    DOUBLE,
    ENUM,
    INT,
    LONG,
    OBJECT_MAP,
    OBJECTS,
    STR,
    STRINGS,
    Key,
    Schema,
)


def _port(name: str, default: int) -> Key:
    return Key(name, INT, default, low=1, high=65535)


def _count(name: str, default: int, high: float | None = None) -> Key:
    """A number of which 0 and less is silently read as the default."""
    return Key(name, INT, default, low=1, high=high)


LOCAL_ORIGINS = tuple(f"http://localhost:{port}" for port in (3000, 3001, 3002, 3003))

KEYS = (
    # identity and listeners
    Key("uuid", STR, required=True, immutable=True, forms=("not_blank",)),
    Key("http.host", STR, ANY_ADDRESS, forms=("not_blank",)),
    _port("http.port", 8080),
    Key("http.cors.allowedOrigins", STRINGS, LOCAL_ORIGINS, forms=("origins",)),
    Key("grpc.host", STR, ANY_ADDRESS, forms=("not_blank",)),
    _port("grpc.port", 9090),
    Key("grpc.subjectAltNames", STRINGS, (), since="head"),
    Key("raft.host", STR, ANY_ADDRESS, immutable=True, forms=("not_blank",)),
    _port("raft.port", 9190),
    Key("raft.dataDir", STR, "data/raft"),
    Key("raft.joinAddrs", STRINGS, ()),
    Key("network.allowedSubnets", STRINGS, ("0.0.0.0/0", "::/0"), forms=("subnets",)),
    Key("runtime.profile", ENUM, "development", allowed=("development", "production"), any_case=True),
    # storage, logging, timing
    Key("database.uri", STR, "mongodb://localhost:27017", secret=True, forms=("mongodb_uri",)),
    Key("database.database", STR, "prexorcloud", forms=("database_name",)),
    Key("redis.uri", STR, "redis://localhost:6379", secret=True, since="v1", forms=("redis_uri",)),
    Key("logging.level", STR, "INFO", forms=("log_level",), blank_is_default=True),
    Key("logging.format", ENUM, "HUMAN", allowed=("HUMAN", "JSON"), any_case=True, forms=("log_format",)),
    _count("scheduler.evaluationIntervalSeconds", 15),
    _count("scheduler.scalingCooldownSeconds", 60),
    Key("scheduler.nodeTimeoutSeconds", INT, 90, low=1, no_effect="nothing reads it, heartbeat.* decides"),
    _count("scheduler.auditRetentionDays", 90),
    # 0 and less mean the default, 1 to 999 stop the start.
    Key("heartbeat.intervalMs", LONG, 30000, low=1000, strict_low=True),
    _count("heartbeat.missedThreshold", 3),
    # security
    Key(
        "security.jwtSecret", STR, "", secret=True, generated=True, required=True, forms=("not_blank", "signing_secret")
    ),
    _count("security.jwtExpirationMinutes", 1440, high=43200),
    Key("security.jwtPreviousSecrets", STRINGS, (), secret=True, generated=True, forms=("previous_secrets",)),
    Key("security.initialAdminPassword", STR, "", secret=True),
    _count("security.rateLimiting.perIpPerMinute", 100),
    _count("security.rateLimiting.perUserPerMinute", 300),
    Key("security.rateLimiting.failOpenOnRedisError", BOOL, False, since="v1"),
    Key("security.lockout.enabled", BOOL, True, boxed=True),
    _count("security.lockout.maxAttempts", 5),
    _count("security.lockout.windowSeconds", 900),
    _count("security.lockout.lockoutSeconds", 900),
    Key("security.passwordReset.enabled", BOOL, False),
    _count("security.passwordReset.tokenTtlMinutes", 30),
    Key("security.passwordReset.resetUrlBase", STR, ""),
    Key("security.passwordReset.smtp.host", STR, ""),
    _port("security.passwordReset.smtp.port", 587),
    Key("security.passwordReset.smtp.startTls", BOOL, True),
    Key("security.passwordReset.smtp.implicitTls", BOOL, False),
    Key("security.passwordReset.smtp.username", STR, ""),
    Key("security.passwordReset.smtp.password", STR, "", secret=True),
    Key("security.passwordReset.smtp.from", STR, ""),
    _count("security.passwordReset.smtp.connectTimeoutMs", 10000),
    _count("security.passwordReset.smtp.readTimeoutMs", 10000),
    # modules
    Key("modules.directory", STR, "modules", forms=("not_blank", "relative")),
    Key("modules.dataDirectory", STR, "modules/data", forms=("not_blank", "relative")),
    Key("modules.registries", STRINGS, ()),
    Key("modules.quotas", OBJECT_MAP, {}),
    # Missing: true in production, false in development; so there is no value to write out for it.
    Key("modules.signing.required", BOOL, None, boxed=True),
    Key("modules.signing.trustRoot", STR),
    Key("modules.signing.mode", ENUM, "KEYED", allowed=("KEYED", "COSIGN_BUNDLE")),
    Key("modules.signing.allowUnsignedDevelopment", BOOL, True),
    Key("modules.signing.rekor.policy", ENUM, "DISABLED", allowed=("DISABLED", "REQUIRE_SET")),
    Key("modules.signing.rekor.publicKey", STR),
    # the rest
    _count("crashes.ringBufferSize", 500),
    _count("crashes.crashLoopThreshold", 3),
    _count("crashes.crashLoopWindowSeconds", 300),
    Key("metrics.enabled", BOOL, True),
    _count("metrics.retentionHours", 168),
    _count("metrics.collectionIntervalSeconds", 30),
    Key("maintenance.enabled", BOOL, False),
    Key("maintenance.message", STR, "The network is currently under maintenance."),
    Key("dashboard.enabled", BOOL, True, no_effect="nothing reads it, the controller serves no dashboard"),
    Key("backup.directory", STR, "backups", blank_is_default=True),
    _count("backup.retentionCount", 10),
    Key("share.enabled", BOOL, False),
    Key("share.pasteUrl", STR, "https://pste.dev", blank_is_default=True),
    Key("share.pasteToken", STR, None, secret=True),
    Key("share.defaultExpiry", STR, "1d", blank_is_default=True),
    Key("share.defaultPrivate", BOOL, True),
    Key("share.e2e", BOOL, False),
    Key("telemetry.enabled", BOOL, False),
    Key("telemetry.otlpEndpoint", STR, "http://localhost:4317"),
    Key("telemetry.serviceName", STR, "prexorcloud-controller"),
    Key("telemetry.samplerRatio", DOUBLE, 1.0, low=0.0, high=1.0),
    Key("telemetry.traceUiTemplate", STR, ""),
    Key("cluster.id", STR),
    Key("cluster.joinedFrom", STR),
    Key("cluster.joinedAt", STR),
    Key("networks", OBJECTS, (), item_keys=("name", "lobbyGroup")),
    Key("events", OBJECTS, (), item_keys=("name", "group", "cron", "durationSeconds", "overlay")),
)

# The checklist asks for trustedProxyCidrs; no release ever read it (config.md section 8).
IGNORED = {
    "http.trustedProxyCidrs": "no release reads it; the reverse proxy must replace the forwarding headers itself"
}

CONTROLLER = Schema("controller", KEYS, IGNORED)
