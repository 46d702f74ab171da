// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.controller;

import io.javalin.Javalin;
import io.javalin.http.Context;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Login, users and roles. Typed bodies refuse unknown members with an internal error, as upstream. */
final class AccountRoutes implements RestServer.Routes {
    private record Login(String username, String password) {}

    private record PasswordChange(String currentPassword, String newPassword) {}

    private record UserBody(String username, String password, String role) {}

    private record RoleBody(String name, List<String> permissions) {}

    private final Accounts accounts;
    private final Roles roles;
    private final JwtKeys keys;
    private final Audit audit;

    AccountRoutes(Accounts accounts, Roles roles, JwtKeys keys, Audit audit) {
        this.accounts = accounts;
        this.roles = roles;
        this.keys = keys;
        this.audit = audit;
    }

    @Override
    public void register(RestServer server) {
        Javalin app = server.routes();
        app.exception(Accounts.Locked.class, (e, ctx) ->
                ctx.status(429).header("Retry-After", Long.toString(e.seconds())).json(e.body()));
        app.post("/api/v1/auth/login", ctx -> {
            server.limitLogin(ctx);
            login(ctx);
        });
        app.post("/api/v1/auth/logout", ctx -> {
            server.revokeToken(RestServer.claims(ctx));
            ctx.json(Map.of("status", "ok"));
        });
        app.post("/api/v1/auth/refresh", ctx -> ctx.json(Map.of("token",
                keys.issue(RestServer.user(ctx), accounts.role(RestServer.user(ctx))))));
        app.get("/api/v1/auth/me", ctx -> ctx.json(accounts.get(RestServer.user(ctx))));
        app.post("/api/v1/auth/change-password", ctx -> {
            PasswordChange change = ctx.bodyAsClass(PasswordChange.class);
            accounts.changePassword(RestServer.user(ctx), change.currentPassword(), change.newPassword());
            ctx.json(Map.of("status", "ok"));
        });
        for (String step : List.of("request", "complete")) {
            app.post("/api/v1/auth/password-reset/" + step, ctx -> {
                throw new ApiError(404, "NOT_ENABLED", "Password reset is not enabled on this controller");
            });
        }
        users(server, app);
        app.get("/api/v1/roles", server.needs("roles.view", ctx -> RestServer.page(ctx, roles.list(), 100)));
        app.get("/api/v1/roles/{name}",
                server.needs("roles.view", ctx -> ctx.json(roles.get(ctx.pathParam("name")))));
        app.post("/api/v1/roles", server.needs("roles.manage", ctx -> {
            RoleBody role = ctx.bodyAsClass(RoleBody.class);
            Map<String, Object> created = roles.create(role.name(), role.permissions());
            audit.change(ctx, "role.create", created.get("name").toString(), null, created);
            ctx.status(201).json(created);
        }));
        app.patch("/api/v1/roles/{name}", server.needs("roles.manage", ctx -> {
            String name = ctx.pathParam("name");
            Map<String, Object> before = roles.get(name);
            Map<String, Object> after = roles.patch(name, ctx.bodyAsClass(RoleBody.class).permissions());
            audit.change(ctx, "role.update", name, before, after);
            ctx.json(after);
        }));
        app.delete("/api/v1/roles/{name}", server.needs("roles.manage", ctx -> {
            String name = ctx.pathParam("name");
            audit.change(ctx, "role.delete", name, roles.delete(name), null);
            ctx.status(204);
        }));
    }

    private void login(Context ctx) {
        Login login = ctx.bodyAsClass(Login.class);
        String name = accounts.login(login.username(), login.password());
        if (name == null) {
            throw new ApiError(401, "UNAUTHORIZED", "Invalid username or password");
        }
        ctx.json(Map.of("token", keys.issue(name, accounts.role(name)), "user", accounts.get(name)));
    }

    private void users(RestServer server, Javalin app) {
        app.get("/api/v1/users", server.needs("users.view", ctx -> RestServer.page(ctx, accounts.list(), 200)));
        app.get("/api/v1/users/{name}",
                server.needs("users.view", ctx -> ctx.json(accounts.get(ctx.pathParam("name")))));
        app.post("/api/v1/users", server.needs("users.create", ctx -> {
            UserBody user = ctx.bodyAsClass(UserBody.class);
            Map<String, Object> created = accounts.create(user.username(), user.password(), user.role());
            audit.change(ctx, "user.create", created.get("username").toString(), null, created);
            ctx.status(201).json(created);
        }));
        app.patch("/api/v1/users/{name}", ctx -> {
            String name = ctx.pathParam("name");
            UserBody change = ctx.bodyAsClass(UserBody.class);
            if (!name.equals(RestServer.user(ctx)) || change.role() != null || change.password() != null) {
                server.require(ctx, "users.update");
            }
            Map<String, Object> before = accounts.find(name);
            Map<String, Object> after = accounts.patch(name, change.username(), change.password(), change.role());
            audit.change(ctx, "user.update", name, before, after);
            // an unknown user is an internal error, after the entry in the audit log
            ctx.json(Objects.requireNonNull(after, "unknown user"));
        });
        app.delete("/api/v1/users/{name}", server.needs("users.delete", ctx -> {
            String name = ctx.pathParam("name");
            audit.change(ctx, "user.delete", name, accounts.delete(name), null);
            ctx.status(204);
        }));
    }
}
