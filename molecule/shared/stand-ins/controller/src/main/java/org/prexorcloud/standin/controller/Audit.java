// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.controller;

import com.mongodb.client.model.Sorts;
import io.javalin.http.Context;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import org.bson.Document;

/** Who changed what through the API, newest first. */
final class Audit {
    private final Store store;

    Audit(Store store) {
        this.store = store;
    }

    /** A change of a user or role, with what it was and what it became. */
    void change(Context ctx, String action, String target, Map<String, Object> before, Map<String, Object> after) {
        insert(ctx, action, action.substring(0, action.indexOf('.')), target, Map.of(), before, after);
    }

    void record(Context ctx, String action, String type, String target, Map<String, Object> details) {
        insert(ctx, action, type, target, details, null, null);
    }

    private void insert(Context ctx, String action, String type, String target, Map<String, Object> details,
            Map<String, Object> before, Map<String, Object> after) {
        store.audit().insertOne(new Document("id", (int) (store.audit().countDocuments() + 1))
                .append("username", RestServer.user(ctx))
                .append("action", action)
                .append("resourceType", type)
                .append("resourceId", target)
                .append("details", ClusterState.JSON.valueToTree(details).toString())
                .append("before", before)
                .append("after", after)
                .append("ipAddress", ctx.ip())
                .append("createdAt", new Date()));
    }

    List<Document> list() {
        List<Document> rows = store.audit().find().sort(Sorts.descending("id")).into(new ArrayList<>());
        rows.forEach(row -> {
            row.remove("_id");
            row.put("createdAt", row.getDate("createdAt").toInstant().toString());
        });
        return rows;
    }
}
