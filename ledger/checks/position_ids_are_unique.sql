-- [U1] Position ids that name several positions.
SELECT position_id, count(*) AS positions FROM positions GROUP BY position_id HAVING count(*) > 1
