"""The class is the sale: phones press Buy, real buyers race on the real file, and the projector shows how."""
